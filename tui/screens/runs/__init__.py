"""The view that lists the runs, part by part."""
