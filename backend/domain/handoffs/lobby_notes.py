"""What is noted of the lobby's records as they come: the sums that waits are estimated from."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy.dialects import postgresql, sqlite

from backend.domain.handoffs.tables import line_hour
from backend.domain.tickets.rules.figures import hour_sums
from backend.storage.unit import SqlUnit
from contracts.kinds import Ticket
from sync.puts import Put
from sync.store import Write

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


def _add(changed: dict[Hour, list[float]], body: bytes, sign: int) -> None:
    if not body:
        return
    ticket = _ticket.decode(body)
    for one in hour_sums([ticket]):
        sums = changed.setdefault((ticket.branch_id, ticket.business_date, one.series, one.hour), [0, 0, 0])
        for place, name in enumerate(SUMS):
            sums[place] += sign * getattr(one, name)
