"""A run's folder and what lies in it: the files in which the two halves meet."""
