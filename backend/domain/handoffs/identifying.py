"""Who waits: a ticket's claim is looked up, answered on the ticket, and forgotten (domain-rules.md §9)."""

import sys
from collections.abc import Sequence
from datetime import datetime

import msgspec
from msgspec import Struct
from sqlalchemy import select

from backend.domain.customers.queries import forget_keys, list_by_key, replace_keys
from backend.domain.customers.rules.keys import DERIVED, claim_key, derived_keys
from backend.domain.staff.queries import find_staff
from backend.identity import BANK_TIME
from backend.storage.secrets import match_secret
from backend.storage.tables import audit_entry
from backend.storage.unit import SqlUnit
from contracts.base import Body
from contracts.kinds import Customer, Ticket
from contracts.kinds.ticket import Claim
from sync.moments import read_moment, shift_moment
from sync.puts import Put
from sync.store import AuditEntry, Stored, Write

CLAIMED = b'"claim"'

# What `identified` says, and so what the lobby manager does next: docs/people.md.
MATCHED, AMBIGUOUS, UNKNOWN, LIMITED = "matched", "ambiguous", "unknown", "limited"


class Finding(Struct, frozen=True):
    """What came of a claim."""

    identified: str
    customer_id: str | None = None


def identify(unit: SqlUnit, writes: Sequence[Write], at: str, *, per_hour_max: int) -> list[Put]:
    """Answer every claim on its ticket and take the claim away: nothing of it is kept.

    The newest claim stands, also where it finds nobody. Each is in the audit chain of whoever made it, and a person
    who makes more than `per_hour_max` in an hour is told so and finds nobody.
    """
    claimed = [(write.after, ticket) for write in writes if (ticket := _claiming(write.after)) is not None]
    if not claimed:
        return []
    secret, left = match_secret(unit.connection), dict[str, int]()
    puts = []
    for stored, ticket in claimed:
        assert ticket.claim is not None
        by = stored.changed_by
        left[by] = left.get(by, _claims_left(unit, by, at, per_hour_max)) - 1
        finding = Finding(LIMITED) if left[by] < 0 else _look_up(unit, secret, ticket.claim, at)
        _note(unit, stored, ticket.claim, finding, at)
        puts.append(_answer(stored, finding))
    return puts


def keep_keys(unit: SqlUnit, writes: Sequence[Write]) -> None:
    """Keep by what customers are found in step with their records; certificates are kept by the CRM's door."""
    live = {write.after.id: write for write in writes if write.after.standing == "live"}
    gone = [write.after.id for write in writes if write.after.id not in live]
    if gone:
        forget_keys(unit.connection, gone)
    secret = match_secret(unit.connection)
    keys = {id: derived_keys(secret, _customer(write.after)) for id, write in live.items()}
    before = {
        id: derived_keys(secret, _customer(write.before))
        for id, write in live.items()
        if write.before is not None and write.before.standing == "live"
    }
    replace_keys(unit.connection, DERIVED, {id: own for id, own in keys.items() if own != before.get(id)})


def business_date(at: str) -> datetime:
    """Return a written moment on the bank's clocks."""
    moment: datetime | None = read_moment(at)
    assert moment is not None, at
    return moment.astimezone(BANK_TIME)


def _claiming(stored: Stored) -> Ticket | None:
    if stored.standing != "live" or CLAIMED not in stored.body:
        return None
    ticket: Ticket = msgspec.json.decode(stored.body, type=Ticket)
    return ticket if ticket.claim is not None else None


def _look_up(unit: SqlUnit, secret: bytes, claim: Claim, at: str) -> Finding:
    key = claim_key(secret, claim, business_date(at).date())
    found = list_by_key(unit.connection, key) if key else []
    if len(found) == 1:
        return Finding(MATCHED, found[0])
    return Finding(AMBIGUOUS if found else UNKNOWN)


def _answer(stored: Stored, finding: Finding) -> Put:
    body: Body = msgspec.json.decode(stored.body)
    del body["claim"]
    return Put(kind="ticket", id=stored.id, body=body | msgspec.to_builtins(finding))


def _stream(by: str) -> str:
    return f"identify:{by}"


def _claims_left(unit: SqlUnit, by: str, at: str, per_hour_max: int) -> int:
    """Return how many claims a person has left in this hour; a machine tells of every card that is swiped at it."""
    if find_staff(unit.connection, by) is None:
        return sys.maxsize
    newest = select(audit_entry.c.at).where(audit_entry.c.stream == _stream(by), audit_entry.c.result != LIMITED)
    recent = newest.order_by(audit_entry.c.position.desc()).limit(per_hour_max)
    since = shift_moment(at, hours=-1)
    made: list[str] = list(unit.connection.scalars(recent))
    return per_hour_max - len([moment for moment in made if moment > since])


def _note(unit: SqlUnit, stored: Stored, claim: Claim, finding: Finding, at: str) -> None:
    """Write down who looked for whom and how; the customer by their record, never by name or number."""
    detail = {"sort": claim.sort, "customer_id": finding.customer_id}
    entry = AuditEntry(
        stream=_stream(stored.changed_by), at=at, actor=stored.changed_by, action="identify", subject=stored.id,
        result=finding.identified, detail=detail,
    )  # fmt: skip
    unit.audit(entry)


def _customer(stored: Stored) -> Customer:
    customer: Customer = msgspec.json.decode(stored.body, type=Customer)
    return customer
