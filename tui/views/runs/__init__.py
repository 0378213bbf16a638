"""Runs: every run there is, side by side."""
