"""Train: a training begun, watched and steered."""
