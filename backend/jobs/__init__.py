"""Timed work, done by one leader among many processes, and each slot once."""
