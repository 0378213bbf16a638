"""The screens: writing, and the small ones that open over it."""
