"""Marketing: what to offer whom, what came of it, and who must be left alone."""
