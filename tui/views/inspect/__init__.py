"""Inspect: what a model does at each character of a text."""
