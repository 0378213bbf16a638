"""The screen: text streaming from a model, its knobs and its curves. Never imports torch."""
