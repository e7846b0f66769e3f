"""Where a duty lives, and what it looks like on a tablet."""

from collections.abc import Iterable
from datetime import date
from uuid import UUID, uuid5

from backend.domain.compliance.rules.facts import Stint
from backend.domain.compliance.rules.kept import Kept
from contracts.base import Body

DUTIES = UUID("6f3b0f54-6f0e-4b0a-9f6e-5d2a8c1b7e90")  # the namespace of duty ids; it never changes


def buckets(body: Body) -> frozenset[str]:
    """Return the portfolio whose manager has to do it."""
    return frozenset({f"portfolio:{body['portfolio']}"}) if body.get("portfolio") else frozenset()


def duty_id(kept: Kept) -> str:
    """Return the id of the record that tells of a customer's duty in whichever period."""
    return str(uuid5(DUTIES, f"{kept.customer_id}:{kept.code}:{kept.detail.loan_id}"))


def owner_on(kept: Kept, day: date) -> Stint | None:
    """Return whose a duty is on a day, whoever owes most of it."""
    return next((stint for stint in kept.detail.owners if stint.first <= day <= stint.last), None)


def slip_of(kept: Kept, as_of: date, *, is_in_force: bool) -> Body:
    """Return the record's body: in the present owner's portfolio, or in none once it is no more in force."""
    mine = owner_on(kept, as_of) if is_in_force else None
    return {
        "customer_id": kept.customer_id, "code": kept.code, "rule_id": kept.rule_id, "period": kept.period,
        "due_from": kept.first.isoformat(), "due_by": kept.last.isoformat(), "required": kept.required,
        "counted": kept.counted, "pending": kept.pending, "status": kept.status,
        "owner": mine.staff_no if mine else None, "portfolio": mine.portfolio_id if mine else None,
        "is_calendar_confirmed": kept.is_confirmed,
    }  # fmt: skip


def slips_of(changed: Iterable[Kept], kept: Iterable[Kept], as_of: date) -> dict[str, Body]:
    """Return the bodies of the records that changed duties have, and of those whose period is over, by id."""
    current: dict[str, Kept] = {}
    over: dict[str, Kept] = {}
    for one in sorted(kept, key=lambda one: one.first):
        (current if one.first <= as_of <= one.last else over)[duty_id(one)] = one
    over = {id: one for id, one in over.items() if id not in current}
    slips: dict[str, Body] = {}
    for id, one in {duty_id(one): one for one in changed}.items():
        now = current.get(id)
        slips[id] = slip_of(now or one, as_of, is_in_force=now is not None)
    return slips | {id: slip_of(one, as_of, is_in_force=False) for id, one in over.items()}
