"""The stage of one text."""
