"""The trainings beside the screen: their processes, and what is known of each."""
