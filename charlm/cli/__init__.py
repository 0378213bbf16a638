"""The command line: `commands` lists what there is."""
