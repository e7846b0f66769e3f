"""Where a visit lives and who may log one."""

from contracts.base import Body
from contracts.policy import Op
from sync.kind import Actor


def buckets(body: Body) -> frozenset[str]:
    """Return the visits of the person who made it."""
    return frozenset({f"visits:{body['author']}"})


def may(actor: Actor, _op: Op, _body: Body) -> bool:
    """Allow field managers (001-17)."""
    return "field_manager" in actor.roles
