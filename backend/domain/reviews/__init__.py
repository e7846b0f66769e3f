"""Conflicts and parked mutations that wait for a person."""
