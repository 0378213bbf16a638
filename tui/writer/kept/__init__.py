"""What is kept of a model from one start of the screen to the next."""
