"""Requests: proposals to the central CRM."""
