"""The stage of a search: its lattice and its tree."""
