"""Where a request lives."""

from contracts.base import Body
from contracts.policy import Op
from sync.kind import Actor


def buckets(body: Body) -> frozenset[str]:
    """Return whoever made the request."""
    return frozenset({f"staff:{body['author']}"})


def may(actor: Actor, op: Op, body: Body) -> bool:
    """Let its author change a request; accepting and rejecting is the CRM's."""
    return body.get("author") == actor.staff_no and op is Op.TRANSITION
