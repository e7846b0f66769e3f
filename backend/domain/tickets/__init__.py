"""Places in the line of a branch."""
