"""Where a review lives."""

from contracts.base import Body


def buckets(body: Body) -> frozenset[str]:
    """Return the install whose mutation it is about; supervisors read it online."""
    return frozenset({f"install:{body['install_id']}"})
