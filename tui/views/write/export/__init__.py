"""A text as a file."""
