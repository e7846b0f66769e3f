"""The pace of every branch, brought up to date for its tablets."""

from datetime import datetime, timedelta
from uuid import UUID, uuid5

import msgspec
from sqlalchemy import Connection, func, select

from backend.domain.handoffs.tables import line_hour
from backend.domain.tickets.rules.line import RETURNED_BEHIND
from backend.domain.tickets.rules.pace import WEEKS, KnownHour, is_news, paces_of
from backend.identity import BANK_TIME
from backend.storage.snapshot import SqlSnapshot
from backend.storage.sql_store import SqlStore
from contracts.kinds.pace import Pace
from sync.engine import Engine
from sync.moments import write_moment
from sync.puts import Put
from sync.store import Key

BY = "server"
CHUNK = 50  # paces in one transaction
NAMESPACE = UUID("0f0c2a3e-7d0b-5c55-9a0e-6d2f3b1c8e44")

_pace = msgspec.json.Decoder(Pace)


def pace_key(branch_id: str) -> Key:
    """Return where a branch's pace lies."""
    return Key("pace", str(uuid5(NAMESPACE, f"pace {branch_id}")))


def find_pace(look: SqlSnapshot, branch_id: str) -> Pace | None:
    """Return a branch's pace, or None before its first."""
    stored = SqlSnapshot.records(look, [pace_key(branch_id)]).get(pace_key(branch_id))
    return _pace.decode(stored.body) if stored is not None and stored.standing == "live" else None


def refresh_paces(engine: Engine, store: SqlStore, now: datetime, prior_s: float, behind: int = RETURNED_BEHIND) -> int:
    """Write the pace of every branch whose line moves otherwise than its tablets know; return how many those are.

    `behind` goes with it: how many others a returned customer lets pass.
    """
    puts = store.read(lambda look: _news(look, now, prior_s, behind))
    for start in range(0, len(puts), CHUNK):
        engine.put_records(puts[start : start + CHUNK], BY)
    return len(puts)


def _news(look: SqlSnapshot, now: datetime, prior_s: float, behind: int) -> list[Put]:
    here = now.astimezone(BANK_TIME)
    today, elapsed_share = here.date().isoformat(), (here.minute * 60 + here.second) / 3600
    puts = []
    for branch_id, known in _known_hours(look.connection, here).items():
        series = paces_of(known, here.hour, elapsed_share, prior_s)
        pace = Pace(
            branch_id=branch_id, business_date=today, as_of=write_moment(now), series=series, returned_behind=behind
        )  # fmt: skip
        if is_news(find_pace(look, branch_id), pace):
            puts.append(Put(kind="pace", id=pace_key(branch_id).id, body=msgspec.to_builtins(pace)))
    return puts


def _known_hours(connection: Connection, here: datetime) -> dict[str, list[KnownHour]]:
    today = here.date().isoformat()
    dates = [(here.date() - timedelta(weeks=back)).isoformat() for back in range(WEEKS + 1)]
    is_today = (line_hour.c.business_date == today).label("is_today")
    where = line_hour.c.branch_id, line_hour.c.series, line_hour.c.hour, is_today
    sums = (func.sum(line_hour.c[name]).label(name) for name in ("issued", "services", "services_s"))
    chosen = select(*where, *sums).where(line_hour.c.business_date.in_(dates)).group_by(*where)
    found: dict[str, list[KnownHour]] = {}
    for row in connection.execute(chosen.order_by(*where)):
        known = KnownHour(
            series=row.series, hour=row.hour, is_today=bool(row.is_today), issued=int(row.issued),
            services=int(row.services), services_s=float(row.services_s),
        )  # fmt: skip
        found.setdefault(row.branch_id, []).append(known)
    return found
