"""Forms: what is filled before the counter."""
