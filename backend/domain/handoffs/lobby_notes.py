"""What is noted of the lobby's records as they come: the sums that waits are estimated from, and what a day holds."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite

from backend.domain.forms.models import read_head
from backend.domain.handoffs.tables import day_form, line_hour
from backend.domain.tickets.models import ticket as ticket_table
from backend.domain.tickets.rules.figures import hour_sums
from backend.domain.tickets.rules.legs import date_of
from backend.storage.unit import SqlUnit
from contracts.kinds import Ticket
from sync.puts import Put
from sync.store import Write

BOUND = b'"ticket_id"'  # most forms have none, and their bodies need no reading
SUMS = ("issued", "services", "services_s")
INSERTS: Mapping[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}

_ticket = msgspec.json.Decoder(Ticket)

Hour = tuple[str, str, str, int]  # branch, business date, series, hour


def note_hours(unit: SqlUnit, writes: Sequence[Write], _at: str) -> list[Put]:
    """Add what these tickets' steps change in the sums of their hours; the day's end counts them all again."""
    changed: dict[Hour, list[float]] = {}
    for write in writes:
        _add(changed, write.before.body if write.before and write.before.standing == "live" else b"", -1)
        _add(changed, write.after.body if write.after.standing == "live" else b"", 1)
    news = {hour: sums for hour, sums in changed.items() if any(sums)}
    if news:
        names = ("branch_id", "business_date", "series", "hour", *SUMS)
        rows = [dict(zip(names, (*hour, *news[hour]), strict=True)) for hour in sorted(news)]
        put = INSERTS[unit.connection.dialect.name](line_hour)
        more = {name: line_hour.c[name] + put.excluded[name] for name in SUMS}
        unit.connection.execute(put.on_conflict_do_update(index_elements=names[:4], set_=more), rows)
    return []


def note_forms(unit: SqlUnit, writes: Sequence[Write], at: str) -> list[Put]:
    """Note to which day a form belongs: its ticket's, or the present one while that ticket is not here."""
    forms = {write.after.id: read_head(write.after.body) for write in writes if BOUND in write.after.body}
    bound = {id: form for id, form in forms.items() if form.ticket_id}
    dates = _dates_of(unit, {str(form.ticket_id) for form in bound.values()})
    rows = [
        {"branch_id": form.branch_id, "business_date": dates.get(str(form.ticket_id), date_of(at)), "id": id}
        for id, form in sorted(bound.items())
    ]
    if rows:
        unit.connection.execute(INSERTS[unit.connection.dialect.name](day_form).on_conflict_do_nothing(), rows)
    return []


def _dates_of(unit: SqlUnit, tickets: Collection[str]) -> dict[str, str]:
    if not tickets:
        return {}
    chosen = select(ticket_table.c.id, ticket_table.c.business_date).where(ticket_table.c.id.in_(sorted(tickets)))
    return {row.id: row.business_date for row in unit.connection.execute(chosen)}


def _add(changed: dict[Hour, list[float]], body: bytes, sign: int) -> None:
    if not body:
        return
    ticket = _ticket.decode(body)
    for one in hour_sums([ticket]):
        sums = changed.setdefault((ticket.branch_id, ticket.business_date, one.series, one.hour), [0, 0, 0])
        for place, name in enumerate(SUMS):
            sums[place] += sign * getattr(one, name)
