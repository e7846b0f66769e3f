"""The tree of institutions: union, member banks, branches."""
