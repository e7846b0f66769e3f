"""Tasks: what a person of the bank has to do."""
