"""How many colours there are, the ramps and pairs that are made for so many, and all else."""
