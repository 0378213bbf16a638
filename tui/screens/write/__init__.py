"""The view one writes in, part by part."""
