"""Write: a prompt, and the text that goes on from it."""
