"""Tablets: which are enrolled, for whom, and with which key."""
