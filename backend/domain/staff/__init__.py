"""People: who they are, what they may see, and how their passwords must be."""
