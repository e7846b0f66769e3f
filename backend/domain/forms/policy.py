"""Where a form lives and who may touch it."""

from contracts.base import Body
from contracts.policy import Op
from sync.kind import Actor


def buckets(body: Body) -> frozenset[str]:
    """Return the branch at whose counter the form is needed."""
    return frozenset({f"branch:{body['branch_id']}"})


def may(actor: Actor, _op: Op, _body: Body) -> bool:
    """Allow lobby managers, who fill forms before the counter (001-13)."""
    return "lobby_manager" in actor.roles
