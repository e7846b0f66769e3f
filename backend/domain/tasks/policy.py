"""Where a task lives."""

from contracts.base import Body


def buckets(body: Body) -> frozenset[str]:
    """Return whoever has to do it, and whoever asked for it (003-06)."""
    return frozenset(f"staff:{staff_no}" for staff_no in (body.get("assignee"), body.get("author")) if staff_no)
