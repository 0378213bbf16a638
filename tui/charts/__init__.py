"""Curves and pictures in character cells."""
