"""The view that looks into a model, part by part."""
