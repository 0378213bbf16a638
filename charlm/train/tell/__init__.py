"""What a training says: its log, its lines, its texts."""
