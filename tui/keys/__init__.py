"""The table of keys, a part for each view."""
