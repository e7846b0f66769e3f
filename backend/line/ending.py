"""The end of a branch's day: who still waited, which numbers were never used, which counter nobody closed."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from functools import partial
from typing import Any

import msgspec
import structlog

from backend.domain.tickets import queries
from backend.domain.tickets.queries import NumberDay
from backend.domain.tickets.rules.life import OPEN_STATES, SERVED, state_at_day_end
from backend.identity import BANK_TIME, business_date
from backend.storage.sql_store import SqlStore
from backend.storage.unit import SqlUnit
from contracts.base import Body
from sync.engine import Engine
from sync.kind import Kinds
from sync.leases import NumberReport, account, close_day
from sync.moments import write_moment
from sync.moves import move_record
from sync.puts import Put, put_records
from sync.store import AuditEntry, Key

BY = "server"
LATE_D = 3  # for so long a day's account is drawn up again, for tablets that come late

_log = structlog.get_logger("padsync.line")


def last_ended_day(now: datetime, ends_h: int) -> date:
    """Return the newest business day that has ended."""
    here = now.astimezone(BANK_TIME)
    return here.date() if here.hour >= ends_h else here.date() - timedelta(days=1)


def closing_of(day: date, ends_h: int) -> str:
    """Return the moment at which a business day ends."""
    return write_moment(datetime.combine(day, time(ends_h), BANK_TIME))


def end_days(engine: Engine, store: SqlStore, now: datetime, ends_h: int) -> int:
    """End every branch's last day, and what late tablets brought of earlier ones; return how many accounts changed."""
    day = last_ended_day(now, ends_h)
    closing, at = closing_of(day, ends_h), write_moment(now)
    since = (day - timedelta(days=LATE_D)).isoformat()
    due = store.read(lambda look: queries.days_to_account(look.connection, since, day.isoformat()))
    changed = 0
    for branch, ended in due:
        ended_at = _named_closing(ended, ends_h)
        if ended_at is None:  # there is nothing to account for, and it must not keep all others from ending
            store.write(partial(_expire_open, kinds=engine.kinds, branch=branch, date=ended, closing=closing, at=at))
            continue
        changed += store.write(partial(end_day, kinds=engine.kinds, branch=branch, date=ended, closing=ended_at, at=at))
    for branch, id in store.read(lambda look: queries.list_counters_to_end(look.connection, closing)):
        store.write(partial(end_counter, kinds=engine.kinds, id=id, closing=closing, at=at))
        _log.debug("counter_ended", branch=branch)
    return changed


def end_day(unit: SqlUnit, *, kinds: Kinds, branch: str, date: str, closing: str, at: str) -> bool:
    """End a branch's day and write its account; return whether the account is a new one. Again changes nothing."""
    _expire_open(unit, kinds, branch, date, closing, at)
    close_day(unit, branch, date)
    report = account(branch, date, unit.leases(branch, date), unit.numbers(branch, date))
    return _keep_account(unit, report, at)


def end_counter(unit: SqlUnit, *, kinds: Kinds, id: str, closing: str, at: str) -> None:
    """Close a counter that was left open, and put its steps of the days that ended where figures find them."""
    key, kind = Key("counter", id), kinds["counter"]
    body = kind.read(unit.records([key])[key].body)
    if body["state"] != "closed" and (body["state_at"] or "") <= closing:
        move_record(unit, kinds, key, "closed", {}, by=BY, at=at, happened_at=closing)
        body = kind.read(unit.records([key])[key].body)
    steps = sorted(body["steps"], key=lambda step: step["at"])
    ended = [step for step in steps if step["at"] <= closing]
    for day, of_day in _by_day(ended).items():
        known = queries.list_counter_steps(unit.connection, body["branch_id"], day, body["counter_no"])
        merged = sorted([*msgspec.to_builtins(known), *of_day], key=lambda step: step["at"])
        queries.save_counter_day(unit.connection, body["branch_id"], day, body["counter_no"], merged)
    left = body | {"steps": [step for step in steps if step["at"] > closing]}
    put_records(unit, kinds, [Put(kind="counter", id=id, body=left)], by=BY, at=at)


def _named_closing(day: str, ends_h: int) -> str | None:
    """Return when a day ends that a tablet named, or None if no calendar has it."""
    try:
        return closing_of(date.fromisoformat(day), ends_h)
    except (ValueError, OverflowError):
        return None


def _expire_open(unit: SqlUnit, kinds: Kinds, branch: str, date: str, closing: str, at: str) -> None:
    for id in queries.list_open_tickets(unit.connection, branch, date):
        _end_ticket(unit, kinds, id, closing, at)


def _end_ticket(unit: SqlUnit, kinds: Kinds, id: str, closing: str, at: str) -> None:
    key = Key("ticket", id)
    body = kinds["ticket"].read(unit.records([key])[key].body)
    if body["state"] not in OPEN_STATES:  # somebody ended it since we looked
        return
    last = body["steps"][-1]["at"] if body["steps"] else ""
    ended_at = max(closing, last)
    facts: Body = {"ended_at": ended_at} | ({"time_not_accurate": True} if body["state"] in SERVED else {})
    move_record(unit, kinds, key, state_at_day_end(body["state"]), facts, by=BY, at=at, happened_at=ended_at)


def _keep_account(unit: SqlUnit, report: NumberReport, at: str) -> bool:
    branch, date, written = report.branch, report.business_date, msgspec.json.encode(report)
    known = queries.find_number_day(unit.connection, branch, date)
    if known is not None and known.report == written:
        return False
    day = NumberDay(
        branch_id=branch, business_date=date, ended_at=known.ended_at if known else at, changed_at=at,
        is_accounted=report.is_accounted, report=written,
    )  # fmt: skip
    queries.save_number_day(unit.connection, day)
    counts = _count(report)
    unit.audit(
        AuditEntry(
            stream=f"org:{branch}", at=at, actor=BY, action="end_day", subject=date,
            result="ok" if report.is_accounted else "numbers_missing", detail=counts,
        )
    )  # fmt: skip
    return True


def _count(report: NumberReport) -> dict[str, int]:
    """Return how many numbers lie in each place, over all series."""
    places = ("issued", "unused", "missing", "held", "skipped", "stray", "collisions")
    counts = {place: sum(len(getattr(line, place)) for line in report.lines) for place in places}
    return counts | {"overflow": sum(len(found) for line in report.lines for found in line.overflow.values())}


def _by_day(steps: Sequence[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    days: dict[str, list[dict[str, Any]]] = {}
    for step in steps:
        days.setdefault(_day_of(step["at"]), []).append(step)
    return days


def _day_of(moment: str) -> str:
    return business_date(datetime.fromisoformat(moment))
