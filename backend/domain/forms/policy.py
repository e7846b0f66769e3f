"""Where a form lives, who may touch it, and what must hold before it moves on."""

import msgspec

from backend.domain.forms.rules.declaring import check_template
from backend.domain.forms.rules.life import objection
from contracts.base import Body
from contracts.kinds.catalog import FormTemplate
from contracts.policy import Op
from sync.kind import Actor, Change


def buckets(body: Body) -> frozenset[str]:
    """Return the branch at whose counter the form is needed."""
    return frozenset({f"branch:{body['branch_id']}"})


def may(actor: Actor, _op: Op, _body: Body) -> bool:
    """Allow lobby managers, who fill forms before the counter (001-13)."""
    return "lobby_manager" in actor.roles


def gate(change: Change) -> str | None:
    """Say what stands against a change of a form, or None."""
    return objection(change)


def check_declaration(body: Body) -> str | None:
    """Say what is wrong with a template, or None."""
    return check_template(msgspec.convert(body, FormTemplate))
