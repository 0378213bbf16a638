"""Text, from files to ids: read, laid out, cut into examples, divided, counted."""
