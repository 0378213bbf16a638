"""The view that trains, part by part."""
