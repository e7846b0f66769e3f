"""A crisis that a field manager sees at a customer's: who answers for the customer hears of it (003 §4.5)."""

from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID, uuid5

import msgspec

from backend.domain.customers.rules.masking import mask_name
from backend.domain.orgs.queries import orgs_above
from backend.domain.staff.queries import holders_of, supervisors_of
from backend.identity import portfolio_bucket
from backend.storage.snapshot import SqlSnapshot
from backend.storage.unit import SqlUnit
from contracts.kinds import Customer, Visit, VisitGrade
from sync.puts import Put
from sync.store import Key, Write

LETTERS = UUID("6f1d5a52-4a53-4f0c-9b3e-2f6f0c7c1a45")
TO_MAX = 50

COLOURS: Mapping[str, tuple[str, str]] = {
    "yellow": ("黄色预警（关注）", "yellow alert: watch"),
    "orange": ("橙色预警（重点关注）", "orange alert: act, find people and means"),
    "red": ("红色预警（高度关注）", "red alert: about to happen"),
}

_grade = msgspec.json.Decoder(VisitGrade).decode
_visit = msgspec.json.Decoder(Visit).decode
_customer = msgspec.json.Decoder(Customer).decode


def tell_of_alerts(unit: SqlUnit, writes: Sequence[Write], at: str) -> list[Put]:
    """Return a letter for each visit that raises an alert.

    It is for the nearest supervisors above the visitor and for whoever manages the customer; a correction that raises
    the same alert again tells nobody twice, unless it is doubted: it may be about another visit.
    """
    told = {write.after.id: _grade(write.after.body) for write in writes if _is_news(write)}
    alarming = {id: grade for id, grade in told.items() if grade.alert in COLOURS and grade.org_id}
    if not alarming:
        return []
    known = _look_up(unit, alarming)
    puts = []
    for id, grade in alarming.items():
        visit = known.get(Key("visit", id))
        before = _alike(grade) - (told.keys() - {grade.amends})
        alerts = {_visit(known[key]).alert for key in (Key("visit", other) for other in before) if key in known}
        if visit is not None and grade.alert not in alerts:
            body = known.get(Key("customer", grade.customer_id))
            puts += _letter(unit, id, grade, _visit(visit), _customer(body) if body else None, at)
    return puts


def _is_news(write: Write) -> bool:
    return write.before is None and write.after.standing == "live"


def _alike(grade: VisitGrade) -> set[str]:
    """Return the visits that are the same one without doubt: what it corrects, and what has corrected it."""
    is_doubted = any(flag.code == "corrects_other" for flag in grade.flags)
    return {id for id in (grade.corrected_by, None if is_doubted else grade.amends) if id}


def _look_up(unit: SqlUnit, grades: Mapping[str, VisitGrade]) -> dict[Key, bytes]:
    """Return the bodies of visits, of what they correct, and of their customers; nobody is kept from them."""
    visits = {*grades, *(id for grade in grades.values() for id in _alike(grade))}
    keys = [Key("visit", id) for id in sorted(visits)]
    keys += [Key("customer", id) for id in sorted({grade.customer_id for grade in grades.values()})]
    found = SqlSnapshot.records(unit, keys)
    return {key: stored.body for key, stored in found.items() if stored.standing == "live"}


def _letter(
    unit: SqlUnit, id: str, grade: VisitGrade, visit: Visit, customer: Customer | None, at: str
) -> list[Put]:  # fmt: skip
    readers = [*_supervisors(unit, grade.org_id or ""), *_managers(unit, customer)]
    to = [who for who in dict.fromkeys(readers) if who != grade.author][:TO_MAX]
    if not to:
        return []
    zh, en = COLOURS[grade.alert or ""]
    name = mask_name(customer.name, is_company=customer.type == "company") if customer else grade.customer_id
    text = f"{name} · {grade.local_date} · {grade.author}\n{visit.alert_reason or visit.content}"
    body = {"to": to, "title": f"{zh} · {en}", "text": text, "author": grade.author, "received_at": at}
    return [Put(kind="letter", id=str(uuid5(LETTERS, id)), body=body)]


def _supervisors(unit: SqlUnit, org_id: str) -> Iterable[str]:
    """Return the supervisors of an institution, or of the nearest one above that has any."""
    line = orgs_above(unit.connection, [org_id])[org_id]
    return next((found for row in line if (found := supervisors_of(unit.connection, row.org_id))), ())


def _managers(unit: SqlUnit, customer: Customer | None) -> Iterable[str]:
    portfolio_id = customer.host_portfolio if customer else None
    return holders_of(unit.connection, portfolio_bucket(portfolio_id)) if portfolio_id else ()
