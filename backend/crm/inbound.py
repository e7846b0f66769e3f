"""The one door for what the central CRM says: seen once, applied if it is newer, holdings moved with customers."""

from collections.abc import Collection, Sequence
from functools import partial

import msgspec
from msgspec import Struct
from sqlalchemy import delete, insert, select, tuple_

from backend.crm.events import Applied, CrmEvent
from backend.crm.tables import crm_event
from backend.domain.customers.policy import portfolios_of_holding
from backend.domain.customers.queries import holdings_of
from backend.storage.sql_store import SqlStore
from backend.storage.unit import SqlUnit
from contracts.base import Body
from sync.engine import Engine
from sync.kind import Kinds
from sync.moments import shift_moment, write_moment
from sync.puts import Put, put_records
from sync.store import AuditEntry, Key, Stored, Write

EVENTS_MAX = 500  # in one transaction
MARKS_KEPT_D = 90  # a repeat that comes later meets the revision, which refuses it as well
BY = "crm"
MOVING = ("host_portfolio", "assist_portfolio", "assist_org")  # a change of these moves holdings


def apply_events(engine: Engine, store: SqlStore, events: Sequence[CrmEvent]) -> Applied:
    """Apply events in transactions of at most EVENTS_MAX; repeats and older revisions change nothing.

    They may come in any order: a record ends at its highest revision, and a holding is seen by whoever its
    customer's newest state allows (001-11).
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
    customers = [_put(event, event.body) for event in fresh if event.kind == "customer"]
    changed = put_records(unit, kinds, customers, by=BY, at=at, guard=newer_only)
    holdings = _with_portfolios(unit, kinds, [event for event in fresh if event.kind == "holding"])
    written = put_records(unit, kinds, holdings, by=BY, at=at, guard=newer_only)
    moved = _move_holdings(unit, kinds, changed, at)
    applied = len(changed) + len(written)
    report = Applied(
        applied=applied, stale=len(fresh) - applied, repeated=len(events) - len(fresh), moved_holdings=moved
    )  # fmt: skip
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


def _put(event: CrmEvent, body: Body) -> Put:
    return Put(kind=event.kind, id=event.id, body=body | {"crm_revision": event.revision, "as_of": event.at})


def _with_portfolios(unit: SqlUnit, kinds: Kinds, events: Sequence[CrmEvent]) -> list[Put]:
    """Say of each holding who may see it; nobody, as long as its customer is not known."""
    owners = _bodies(unit, kinds, "customer", {event.body["customer_id"] for event in events})
    return [
        _put(event, event.body | {"portfolios": _seeing(owners, event.body)})
        for event in events
    ]  # fmt: skip


def _move_holdings(unit: SqlUnit, kinds: Kinds, changed: Collection[Write], at: str) -> int:
    """Let the holdings of customers who moved follow them, whatever their own revision; return how many did."""
    moved = [write.after.id for write in changed if write.after.kind == "customer" and _has_moved(kinds, write)]
    held = _bodies(unit, kinds, "holding", holdings_of(unit.connection, moved)) if moved else {}
    owners = _bodies(unit, kinds, "customer", moved)
    puts = [
        Put(kind="holding", id=id, body=body | {"portfolios": _seeing(owners, body)})
        for id, body in held.items()
    ]  # fmt: skip
    return len(put_records(unit, kinds, puts, by=BY, at=at))


def _has_moved(kinds: Kinds, write: Write) -> bool:
    if write.before is None or write.before.standing != "live":
        return True  # holdings may have come before their customer
    read = kinds["customer"].read
    old, new = read(write.before.body), read(write.after.body)
    return any(old[name] != new[name] for name in MOVING)


def _seeing(owners: dict[str, Body], holding: Body) -> list[str]:
    owner = owners.get(holding["customer_id"])
    return portfolios_of_holding(owner, holding["org_id"]) if owner else []


def _bodies(unit: SqlUnit, kinds: Kinds, kind: str, ids: Collection[str]) -> dict[str, Body]:
    found = unit.records([Key(kind, id) for id in ids])
    return {key.id: kinds[kind].read(stored.body) for key, stored in found.items() if stored.standing == "live"}


def _sum(left: Applied, right: Applied) -> Applied:
    names = Applied.__struct_fields__
    return Applied(**{name: getattr(left, name) + getattr(right, name) for name in names})
