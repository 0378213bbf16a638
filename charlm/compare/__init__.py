"""Cells side by side: each trained under one budget, over several seeds, and a report."""
