"""The views of the screen, a folder for each, and what they have in common."""
