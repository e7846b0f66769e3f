"""Where the catalog lives."""

from contracts.base import Body


def buckets(_body: Body) -> frozenset[str]:
    """Return the one bucket that everybody has."""
    return frozenset({"catalog"})
