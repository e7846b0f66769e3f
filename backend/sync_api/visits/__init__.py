"""Visits online: the review queue, decisions, and the map."""
