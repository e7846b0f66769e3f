"""Where a request lives."""

from contracts.base import Body
from contracts.policy import Op
from sync.kind import Actor


def buckets(body: Body) -> frozenset[str]:
    """Return whoever made the request."""
    return frozenset({f"staff:{body['author']}"})


def may(actor: Actor, op: Op, body: Body) -> bool:
    """Let its author withdraw a request; accepting and rejecting is the CRM's."""
    return op is Op.TRANSITION and body.get("author") == actor.staff_no and body.get("state") == "withdrawn"
