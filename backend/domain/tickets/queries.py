"""Asking SQL about the line of a branch, and about days that have ended."""

from collections.abc import Collection
from typing import Any, NamedTuple

import msgspec
from msgspec import Struct
from sqlalchemy import ColumnElement, Connection, Table, delete, func, insert, select, tuple_

from backend.domain.tickets.models import PLACE, counter, counter_day, counter_visit, number_day, ticket
from backend.domain.tickets.rules.life import OPEN_STATES
from backend.domain.tickets.rules.line import AT_COUNTER, IN_LINE, Place
from backend.storage.tables import lease
from contracts.kinds.counter import CounterStep

LINE_MAX = 5_000  # tickets of one branch on one day that are looked at
DAYS_MAX = 100_000
PLACE_COLUMNS = [ticket.c[name] for name in ("id", *PLACE)]

_steps = msgspec.json.Decoder(list[CounterStep])


class NumberDay(Struct, frozen=True, kw_only=True):
    """The account of a branch's day as it was written when the day ended; `report` is JSON of a NumberReport."""

    branch_id: str
    business_date: str
    ended_at: str
    changed_at: str
    is_accounted: bool
    report: bytes


class Visit(NamedTuple):
    """Somebody came to a counter, to be called or served."""

    at: str
    ordinal: int
    ticket_id: str


def hold(connection: Connection, *name: str) -> None:
    """Keep others who hold the same name waiting until this transaction ends; SQLite has one writer anyway."""
    if connection.dialect.name == "postgresql":
        key = func.hashtextextended("|".join(("line", *name)), 0)
        connection.execute(select(func.pg_advisory_xact_lock(key)))


def list_line(connection: Connection, branch: str, date: str) -> list[Place]:
    """Return who waits, and who was called since the first of the returned came back: what `next_ticket` needs."""
    line = _list_places(connection, branch, date, ticket.c.state.in_(IN_LINE))
    returned = [place.returned_at for place in line if place.state == "returned" and place.returned_at]
    if not returned:
        return line
    called = _list_places(connection, branch, date, ticket.c.state.not_in(IN_LINE), ticket.c.called_at > min(returned))
    return line + called


def list_at_counter(connection: Connection, branch: str, date: str, counter_no: str) -> list[str]:
    """Return the tickets that stand called or served at one counter; by the rule there is one at most."""
    rows = _list_places(connection, branch, date, ticket.c.counter == counter_no, ticket.c.state.in_(AT_COUNTER))
    return [place.id for place in rows]


def list_visits(connection: Connection, branch: str, date: str, counter_no: str) -> list[Visit]:
    """Return who came to a counter on a day, in the order of the moments; at the same one, whom we heard of later."""
    columns = [counter_visit.c[name] for name in Visit._fields]
    chosen = select(*columns).where(*_at(counter_visit, branch, date, counter_no)).limit(LINE_MAX)
    return sorted(Visit(*row) for row in connection.execute(chosen))


def add_visits(
    connection: Connection, branch: str, date: str, counter_no: str, visits: Collection[tuple[str, str]]
) -> None:
    """Note (moment, ticket) of those who came to a counter; whoever calls holds the counter."""
    highest = select(func.max(counter_visit.c.ordinal)).where(*_at(counter_visit, branch, date, counter_no))
    first = (connection.scalar(highest) or 0) + 1
    where = {"branch_id": branch, "business_date": date, "counter_no": counter_no}
    rows = [where | {"ordinal": first + n, "at": at, "ticket_id": id} for n, (at, id) in enumerate(sorted(visits))]
    connection.execute(insert(counter_visit), rows)


def forget_visits(connection: Connection, before: str, most: int) -> int:
    """Forget who came to the counters on days before one, at most so many of them; return how many those were."""
    key = [counter_visit.c[name] for name in ("branch_id", "business_date", "counter_no", "ordinal")]
    rows = [tuple(row) for row in connection.execute(select(*key).where(key[1] < before).limit(most))]
    if rows:
        connection.execute(delete(counter_visit).where(tuple_(*key).in_(rows)))
    return len(rows)


def list_open_tickets(connection: Connection, branch: str, date: str) -> list[str]:
    """Return the tickets of a day whose life has not ended."""
    return [place.id for place in _list_places(connection, branch, date, ticket.c.state.in_(OPEN_STATES))]


def days_to_account(connection: Connection, since: str, until: str) -> list[tuple[str, str]]:
    """Return (branch, day) of every day that wants an account.

    Those between two dates, both included, on which numbers were given out, and older ones with anything still open.
    """
    of_ticket, of_lease = (ticket.c.branch_id, ticket.c.business_date), (lease.c.branch, lease.c.date)
    wanted = (
        select(*of_ticket).where(of_ticket[1].between(since, until)),
        select(*of_ticket).where(ticket.c.state.in_(OPEN_STATES), of_ticket[1] <= until),
        select(*of_lease).where(of_lease[1].between(since, until)),
        select(*of_lease).where(lease.c.state == "open", of_lease[1] <= until),
    )
    return sorted({(row[0], row[1]) for one in wanted for row in connection.execute(one.distinct().limit(DAYS_MAX))})


def list_counters_to_end(connection: Connection, closing: str) -> list[tuple[str, str]]:
    """Return (branch, counter id) of the counters that keep steps of a day that has ended."""
    chosen = select(counter.c.branch_id, counter.c.id).where(counter.c.first_step_at <= closing)
    return [(branch, id) for branch, id in connection.execute(chosen.order_by(counter.c.branch_id, counter.c.id))]


def list_counters(connection: Connection, branch: str) -> list[str]:
    """Return the ids of a branch's counters."""
    chosen = select(counter.c.id).where(counter.c.branch_id == branch).order_by(counter.c.counter_no)
    return list(connection.scalars(chosen))


def list_counter_steps(connection: Connection, branch: str, date: str, counter_no: str) -> list[CounterStep]:
    """Return when a counter opened, paused and closed on a day that has ended, in order."""
    kept = connection.scalar(select(counter_day.c.steps).where(*_at(counter_day, branch, date, counter_no)))
    return _steps.decode(kept) if kept else []


def save_counter_day(connection: Connection, branch: str, date: str, counter_no: str, steps: list[Any]) -> None:
    """Put a counter's steps of a day."""
    connection.execute(delete(counter_day).where(*_at(counter_day, branch, date, counter_no)))
    row = {"branch_id": branch, "business_date": date, "counter_no": counter_no, "steps": msgspec.json.encode(steps)}
    connection.execute(insert(counter_day).values(row))


def find_number_day(connection: Connection, branch: str, date: str) -> NumberDay | None:
    """Return the account that was written when a day ended, or None if it has not."""
    row = connection.execute(select(number_day).where(*_of_number_day(branch, date))).one_or_none()
    return NumberDay(**row._mapping) if row else None


def save_number_day(connection: Connection, day: NumberDay) -> None:
    """Put the account of a day."""
    connection.execute(delete(number_day).where(*_of_number_day(day.branch_id, day.business_date)))
    connection.execute(insert(number_day).values({name: getattr(day, name) for name in day.__struct_fields__}))


def _list_places(connection: Connection, branch: str, date: str, *like: ColumnElement[bool]) -> list[Place]:
    chosen = select(*PLACE_COLUMNS).where(ticket.c.branch_id == branch, ticket.c.business_date == date, *like)
    rows = connection.execute(chosen.order_by(ticket.c.issued_at, ticket.c.id).limit(LINE_MAX))
    return [Place(**row._mapping) for row in rows]


def _at(table: Table, branch: str, date: str, counter_no: str) -> Collection[ColumnElement[bool]]:
    return table.c.branch_id == branch, table.c.business_date == date, table.c.counter_no == counter_no


def _of_number_day(branch: str, date: str) -> Collection[ColumnElement[bool]]:
    return number_day.c.branch_id == branch, number_day.c.business_date == date


def list_tickets(
    connection: Connection, branch: str, date: str, series: str, number: int, overflow: str | None
) -> list[str]:  # fmt: skip
    """Return the tickets with one printed number; two of them if tablets without a line gave it out twice."""
    is_same = ticket.c.overflow.is_(None) if overflow is None else ticket.c.overflow == overflow
    line = ticket.c.branch_id == branch, ticket.c.business_date == date, ticket.c.series == series
    chosen = select(ticket.c.id).where(*line, ticket.c.number == number, is_same).order_by(ticket.c.issued_at)
    return list(connection.scalars(chosen.limit(10)))
