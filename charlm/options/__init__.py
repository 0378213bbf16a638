"""What the commands take, for the command line, for comparisons and for the form."""
