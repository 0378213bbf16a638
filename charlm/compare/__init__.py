"""Cells and options side by side: each trained under one budget, over several seeds; a report."""
