"""What a model is: its sizes, its cells, its weights by name."""
