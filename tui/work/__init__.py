"""Threads and processes beside the screen, and what they read; they post frozen snapshots."""
