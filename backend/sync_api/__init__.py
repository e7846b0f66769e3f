"""The sync routes: what tablets and supervisors call."""
