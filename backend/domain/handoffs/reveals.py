"""Who saw personal data in full is written into the audit chain of their institution: which field, never its value."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from backend.domain.customers.rules.view import BALANCES
from backend.domain.staff.policy import scope_of
from backend.domain.staff.queries import assignments_of, find_staff
from backend.storage.snapshot import SqlSnapshot
from backend.storage.unit import SqlUnit
from contracts.kinds import RECORDS, Reveal
from sync.moments import read_moment, write_moment
from sync.puts import Put
from sync.store import AuditEntry, Key, Write

FIELDS: Mapping[str, frozenset[str]] = {record.kind: frozenset(record.__struct_fields__) for record in RECORDS}
FOREIGN = "not_in_scope"


def on_reveals(unit: SqlUnit, writes: Sequence[Write], at: str) -> list[Put]:
    """Note every value that somebody looked at on a tablet.

    It is told after the fact, perhaps of a card that is gone by now. Somebody who never could see the record raises a
    security event instead: their tablet shows what it should not hold.
    """
    for write in writes:
        if write.before is None and write.after.standing == "live":
            _note(unit, msgspec.json.decode(write.after.body, type=Reveal), at)
    return []


def note_reveal(
    unit: SqlUnit, *, org_id: str, by: str, subject: Key, field: str, at: str, result: str = "ok", **detail: Any
) -> None:  # fmt: skip
    """Write into the chain of an institution that somebody saw a field in full, or should not have."""
    action = "reveal" if result == "ok" else "security"
    told = {"kind": subject.kind, "field": known_field(subject.kind, field), **detail}
    unit.audit(
        AuditEntry(
            stream=f"org:{org_id}", at=at, actor=by, action=action, subject=subject.id, result=result, detail=told
        )
    )


def known_field(kind: str, path: str) -> str:
    """Return a field's name as the audit writes it down; what a tablet made up is not repeated there."""
    head = path.partition(".")[0]
    return head if head in FIELDS.get(kind, ()) or head == BALANCES else "unknown"


def _note(unit: SqlUnit, reveal: Reveal, at: str) -> None:
    author = reveal.author or ""
    person = find_staff(unit.connection, author)
    subject = Key(reveal.subject_kind, reveal.subject_id)
    shown: datetime | None = read_moment(reveal.shown_at)
    result = "ok" if _could_see(unit, reveal, subject) else FOREIGN
    note_reveal(
        unit, org_id=person.org_id if person else "", by=author, subject=subject, field=reveal.field, at=at,
        result=result, install_id=reveal.install_id, shown_at=write_moment(shown) if shown else None,
    )  # fmt: skip


def _could_see(unit: SqlUnit, reveal: Reveal, subject: Key) -> bool:
    """Say whether the record lies or once lay in a bucket that is or once was the person's."""
    person = find_staff(unit.connection, reveal.author or "")
    stored = SqlSnapshot.records(unit, [subject]).get(subject)
    if person is None or stored is None:
        return False
    assigned = assignments_of(unit.connection, person.staff_no)
    scope = scope_of(person.staff_no, reveal.install_id or "", person.org_id, person.roles, assigned)
    return not (stored.buckets | stored.left.keys()).isdisjoint(scope.buckets | scope.past.keys())
