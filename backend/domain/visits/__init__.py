"""Visits: evidence of what happened at a customer's."""
