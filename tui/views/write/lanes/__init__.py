"""The stage of texts side by side."""
