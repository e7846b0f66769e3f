"""Doors for people and their tablets: enrolment, sign-in, tokens, guards."""
