"""Duty: who must be visited how often, and whether they were (001-17)."""
