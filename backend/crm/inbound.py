"""The one door for what the central CRM says: seen once, applied if it is newer, what is a customer's moves along."""

from collections.abc import Collection, Sequence
from functools import partial

import msgspec
from msgspec import Struct
from sqlalchemy import delete, insert, select, tuple_

from backend.crm.certificates import count_doubtful, keep_certificates, take_numbers
from backend.crm.events import Applied, CrmEvent
from backend.crm.tables import crm_event
from backend.domain.customers.policy import portfolios_of
from backend.domain.customers.queries import BELONGINGS, belongings_of, note_feed
from backend.storage.sql_store import SqlStore
from backend.storage.unit import SqlUnit
from contracts.base import Body
from contracts.policy import Step
from sync.engine import Engine
from sync.kind import Kind, Kinds
from sync.moments import shift_moment, write_moment
from sync.puts import Put, put_records
from sync.store import AuditEntry, Key, Stored, Write
from sync.transitions import decide_transition

EVENTS_MAX = 500  # in one transaction
MARKS_KEPT_D = 90  # a repeat that comes later meets the revision, which refuses it as well
BY = "crm"
MOVING = ("host_portfolio", "assist_portfolio", "assist_org")  # a change of these moves holdings
LIVED = ("result", "state_by", "state_at")  # what a state brought with it


def apply_events(engine: Engine, store: SqlStore, events: Sequence[CrmEvent]) -> Applied:
    """Apply events in transactions of at most EVENTS_MAX; repeats and older revisions change nothing.

    They may come in any order: a record ends at its highest revision, and what is a customer's is seen by whoever
    the customer's newest state allows (001-11).
    """
    at, total = write_moment(engine.clock()), Applied()
    for start in range(0, len(events), EVENTS_MAX):
        chunk = events[start : start + EVENTS_MAX]
        total = _sum(total, store.write(partial(_apply, engine.kinds, chunk, at)))
    return total


def newer_only(stored: Stored, body: Body) -> bool:
    """Let only a higher revision replace what is there."""
    known = msgspec.json.decode(stored.body, type=_Revised).crm_revision
    return known < int(body["crm_revision"])


def _apply(kinds: Kinds, events: Sequence[CrmEvent], at: str, unit: SqlUnit) -> Applied:
    fresh = _without_repeats(unit, events, at)
    told = [take_numbers(event) for event in fresh if event.kind == "customer"]
    changed = put_records(unit, kinds, [_put(event) for event, _ in told], by=BY, at=at, guard=newer_only)
    keep_certificates(unit, changed, {(event.id, event.revision): numbers for event, numbers in reversed(told)})
    belongings = _with_portfolios(unit, kinds, [event for event in fresh if event.kind != "customer"])
    written = put_records(unit, kinds, belongings, by=BY, at=at, guard=newer_only)
    moved = _move_belongings(unit, kinds, changed, at)
    applied = len(changed) + len(written)
    report = Applied(
        applied=applied, stale=len(fresh) - applied, repeated=len(events) - len(fresh), moved_holdings=moved,
        doubtful_numbers=count_doubtful(told, at),
    )  # fmt: skip
    _note_heard(unit, fresh)
    if applied:
        detail = msgspec.to_builtins(report)
        unit.audit(AuditEntry(stream=f"server:{BY}", at=at, actor=BY, action="crm_events", detail=detail))
    return report


class _Revised(Struct):
    crm_revision: int


def _without_repeats(unit: SqlUnit, events: Sequence[CrmEvent], at: str) -> list[CrmEvent]:
    """Return the events that were never seen, and remember that they were seen now."""
    first = {(event.source, event.event_id): event for event in reversed(events)}  # of repeats in one batch
    marks = crm_event.c.source, crm_event.c.event_id
    seen = {tuple(row) for row in unit.connection.execute(select(*marks).where(tuple_(*marks).in_(list(first))))}
    fresh = [event for identity, event in reversed(first.items()) if identity not in seen]
    if fresh:
        rows = [{"source": event.source, "event_id": event.event_id, "at": at} for event in fresh]
        unit.connection.execute(insert(crm_event), rows)
        unit.connection.execute(delete(crm_event).where(crm_event.c.at < shift_moment(at, days=-MARKS_KEPT_D)))
    return fresh


def _note_heard(unit: SqlUnit, events: Sequence[CrmEvent]) -> None:
    for source in sorted({event.source for event in events}):
        note_feed(unit.connection, source, max(event.at for event in events if event.source == source))


def _put(event: CrmEvent, body: Body | None = None) -> Put:
    whole = (event.body if body is None else body) | {"crm_revision": event.revision, "as_of": event.at}
    return Put(kind=event.kind, id=event.id, body=whole)


def _with_portfolios(unit: SqlUnit, kinds: Kinds, events: Sequence[CrmEvent]) -> list[Put]:
    """Say of what is a customer's who may see it; nobody, as long as its customer is not known."""
    owners = _bodies(unit, kinds, "customer", {event.body["customer_id"] for event in events})
    lives = _bodies(unit, kinds, "reminder", {event.id for event in events if event.kind == "reminder"})
    return [
        _put(event, body | {"portfolios": _seeing(owners, event.kind, body)})
        for event in events
        for body in [_with_life(kinds[event.kind], lives.get(event.id), event.body)]
    ]  # fmt: skip


def _with_life(kind: Kind, known: Body | None, body: Body) -> Body:
    """Return a body whose state follows its matrix: what somebody here has done, the CRM's word does not undo."""
    if kind.life is None:
        return body
    asked = body.get(kind.life.field, kind.life.first)
    if known is None or decide_transition(kind.life, known[kind.life.field], asked) is Step.APPLY:
        return body | {kind.life.field: asked}
    return body | {name: known[name] for name in (kind.life.field, *LIVED) if name in known}


def _move_belongings(unit: SqlUnit, kinds: Kinds, changed: Collection[Write], at: str) -> int:
    """Let what is the customers' who moved follow them, whatever its own revision; return how many records did."""
    moved = [write.after.id for write in changed if write.after.kind == "customer" and _has_moved(kinds, write)]
    owners = _bodies(unit, kinds, "customer", moved)
    count = 0
    for name in sorted(BELONGINGS) if moved else ():
        theirs = _bodies(unit, kinds, name, belongings_of(unit.connection, name, moved))
        puts = [
            Put(kind=name, id=id, body=body | {"portfolios": _seeing(owners, name, body)})
            for id, body in theirs.items()
        ]  # fmt: skip
        count += len(put_records(unit, kinds, puts, by=BY, at=at))
    return count


def _has_moved(kinds: Kinds, write: Write) -> bool:
    if write.before is None or write.before.standing != "live":
        return True  # holdings may have come before their customer
    read = kinds["customer"].read
    old, new = read(write.before.body), read(write.after.body)
    return any(old[name] != new[name] for name in MOVING)


def _seeing(owners: dict[str, Body], kind: str, body: Body) -> list[str]:
    owner = owners.get(body["customer_id"])
    return portfolios_of(kind, owner, body) if owner else []


def _bodies(unit: SqlUnit, kinds: Kinds, kind: str, ids: Collection[str]) -> dict[str, Body]:
    found = unit.records([Key(kind, id) for id in ids])
    return {key.id: kinds[kind].read(stored.body) for key, stored in found.items() if stored.standing == "live"}


def _sum(left: Applied, right: Applied) -> Applied:
    names = Applied.__struct_fields__
    return Applied(**{name: getattr(left, name) + getattr(right, name) for name in names})
