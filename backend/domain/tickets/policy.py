"""Where a ticket lives and who may touch it."""

from contracts.base import Body
from contracts.policy import Op
from sync.kind import Actor

LINE_ROLES = frozenset({"lobby_manager", "machine"})


def buckets(body: Body) -> frozenset[str]:
    """Return the branch whose line the ticket stands in."""
    return frozenset({f"branch:{body['branch_id']}"})


def may(actor: Actor, _op: Op, _body: Body) -> bool:
    """Allow lobby managers (001-13) and queue machines."""
    return not actor.roles.isdisjoint(LINE_ROLES)


def branch_buckets(body: Body) -> frozenset[str]:
    """Return the branch that a counter or a pace belongs to."""
    return frozenset({f"branch:{body['branch_id']}"})
