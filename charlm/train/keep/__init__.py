"""What a training leaves on the disk, and what it goes on from."""
