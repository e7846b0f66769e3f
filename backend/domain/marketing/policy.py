"""Where contacts live and who may note one."""

from contracts.base import Body
from contracts.policy import Op
from sync.kind import Actor

TOGETHER = frozenset({"lobby_manager", "field_manager"})


def buckets(body: Body) -> frozenset[str]:
    """Return the contacts of whoever made them."""
    return frozenset({f"staff:{body['author']}"})


def may(actor: Actor, _op: Op, _body: Body) -> bool:
    """Allow those who meet customers, in the lobby or in the field (001-20)."""
    return not actor.roles.isdisjoint(TOGETHER)


def check(body: Body) -> str | None:
    """Say what is wrong with a contact, or None: it is about somebody."""
    return None if body.get("ticket_id") or body.get("customer_id") else "`ticket_id` or `customer_id` must be named"
