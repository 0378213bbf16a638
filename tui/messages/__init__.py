"""What threads and screen tell each other: frozen snapshots."""
