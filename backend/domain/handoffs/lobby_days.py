"""A branch's day read whole, counted, and its sums kept when the tickets themselves may go."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from typing import TypeVar

import msgspec
from msgspec import Struct
from sqlalchemy import Connection, delete, func, insert, select

from backend.domain.forms.models import form
from backend.domain.handoffs.tables import line_hour, lobby_day
from backend.domain.marketing.queries import ContactRow, funnel_rows
from backend.domain.orgs.queries import list_orgs
from backend.domain.tickets.models import ticket
from backend.domain.tickets.queries import PLACE_COLUMNS, list_counter_steps, list_counters, list_line
from backend.domain.tickets.rules.figures import Day, DayForm, Parts, Prefilling, hour_sums, tally_day
from backend.domain.tickets.rules.funnel import Approach
from backend.domain.tickets.rules.legs import at, date_of
from backend.domain.tickets.rules.line import AT_COUNTER, Place
from backend.domain.tickets.rules.tally import Tally
from backend.identity import BANK_TIME, branch_bucket, business_date
from backend.storage.snapshot import SqlSnapshot
from backend.storage.sql_store import SqlStore
from backend.storage.tables import record
from contracts.kinds import Counter, Form, FormTemplate, Ticket
from contracts.policy import Record
from sync.moments import write_moment
from sync.store import Key

LATE_D = 3  # tablets may hand in a day's tickets so much later; each of these days counts it once more
TICKETS_MAX = 50_000  # of one branch's day
BRANCH = "branch"

R = TypeVar("R", bound=Record)

_parts = msgspec.json.Decoder(dict[str, dict[str, Tally]])
_ticket = msgspec.json.Decoder(Ticket)


class Savings(Struct, frozen=True, kw_only=True):
    """What prefilled forms are worth: minutes saved at the counter by template code, and who could have had one."""

    usual_min: float = 5
    by_template: Mapping[str, float] = {}
    prefilling: Prefilling = Prefilling()


class KeptDay(Struct, frozen=True, kw_only=True):
    """A branch's day as it was counted at a moment."""

    branch_id: str
    as_of: str
    head: int
    parts: Parts


def line_places(connection: Connection, branch: str, date: str) -> list[Place]:
    """Return who waits at a branch, who stands at a counter, and whom of the returned others were called before."""
    where = ticket.c.branch_id == branch, ticket.c.business_date == date, ticket.c.state.in_(AT_COUNTER)
    there = [Place(**row._mapping) for row in connection.execute(select(*PLACE_COLUMNS).where(*where))]
    return list({place.id: place for place in (*list_line(connection, branch, date), *there)}.values())


def counters_of(look: SqlSnapshot, branch: str) -> list[Counter]:
    """Return a branch's counters."""
    return list(_records(look, Counter, list_counters(look.connection, branch)).values())


def read_day(look: SqlSnapshot, branch: str, date: str, until: datetime, savings: Savings) -> Day:
    """Return everything that a branch's day is counted from."""
    return Day(
        business_date=date,
        tickets=_tickets(look.connection, ticket.c.branch_id == branch, ticket.c.business_date == date),
        counters=[_counter_on(look, counter, date) for counter in counters_of(look, branch)],
        forms=list(_forms(look, branch, date, savings)),
        approaches=[_approach(row) for row in funnel_rows(look.connection, branch, date) if row.channel == "lobby"],
        until=until.timestamp(),
        prefilling=savings.prefilling,
    )


def find_days(connection: Connection, branches: Collection[str], date: str) -> dict[str, KeptDay]:
    """Return the kept days of some branches."""
    chosen = select(lobby_day).where(lobby_day.c.branch_id.in_(sorted(branches)), lobby_day.c.business_date == date)
    return {
        row.branch_id: KeptDay(
            branch_id=row.branch_id, as_of=row.as_of, head=row.head, parts=Parts(by=_parts.decode(row.parts))
        )
        for row in connection.execute(chosen)
    }


def count_tickets(connection: Connection, branches: Collection[str], date: str, most: int) -> int:
    """Return how many tickets some branches had on a day, counting no further than `most`."""
    chosen = select(ticket.c.id).where(ticket.c.branch_id.in_(sorted(branches)), ticket.c.business_date == date)
    return int(connection.scalar(select(func.count()).select_from(chosen.limit(most).subquery())) or 0)


def keep_days(store: SqlStore, now: datetime, savings: Savings) -> int:
    """Count and keep today and the last days of every branch, where that may be news; return how many were counted."""
    orgs = store.read(lambda look: list_orgs(look.connection))
    dates = [(now.astimezone(BANK_TIME).date() - timedelta(days=back)).isoformat() for back in range(LATE_D + 1)]
    branches = [org.org_id for org in orgs if org.level == BRANCH]
    return sum(_keep(store, branch, date, now, savings) for date in dates for branch in branches)


def _keep(store: SqlStore, branch: str, date: str, now: datetime, savings: Savings) -> bool:
    day, head = store.read(lambda look: _wanted(look, branch, date, now, savings))
    if day is None:
        return False
    values = {
        "branch_id": branch, "business_date": date, "as_of": write_moment(now), "head": head,
        "parts": msgspec.json.encode(tally_day(day).by),
    }  # fmt: skip
    is_over = date < business_date(now)
    hours = [
        {"branch_id": branch, "business_date": date} | msgspec.structs.asdict(one)
        for one in hour_sums(day.tickets.values())
    ]
    store.write(lambda unit: _replace(unit.connection, values, hours if is_over else None))
    return True


def _wanted(look: SqlSnapshot, branch: str, date: str, now: datetime, savings: Savings) -> tuple[Day | None, int]:
    """Return a day if it may differ from what is kept: the branch has moved since; a past day, once a day."""
    head = look.buckets([branch_bucket(branch)])[branch_bucket(branch)].head
    kept = find_days(look.connection, [branch], date).get(branch)
    today = business_date(now)
    counted_on = date_of(kept.as_of) if kept else ""
    is_known = kept is not None and (counted_on == today if date < today else kept.head == head)
    if is_known or (kept is None and not count_tickets(look.connection, [branch], date, 1)):
        return None, head
    return read_day(look, branch, date, now, savings), head


def _replace(connection: Connection, values: dict[str, object], hours: list[dict[str, object]] | None) -> None:
    """Put a day's sums; of a day that is over, also those that later waits are estimated from."""
    for table in (lobby_day,) if hours is None else (lobby_day, line_hour):
        same = (table.c[name] == values[name] for name in ("branch_id", "business_date"))
        connection.execute(delete(table).where(*same))
    connection.execute(insert(lobby_day).values(values))
    if hours:
        connection.execute(insert(line_hour), hours)


def _tickets(connection: Connection, *where: object) -> dict[str, Ticket]:
    joined = ticket.join(record, (record.c.id == ticket.c.id) & (record.c.kind == Ticket.kind))
    chosen = select(record.c.id, record.c.body).select_from(joined).where(*where)  # type: ignore[arg-type]  # column expressions
    return {id: _ticket.decode(body) for id, body in connection.execute(chosen.limit(TICKETS_MAX))}


def _counter_on(look: SqlSnapshot, counter: Counter, date: str) -> Counter:
    """Return a counter with the steps of a day: the record keeps its present day's, the day's end the others'."""
    kept = list_counter_steps(look.connection, counter.branch_id, date, counter.counter_no)
    return msgspec.structs.replace(counter, steps=[*kept, *(one for one in counter.steps if date_of(one.at) == date)])


def _forms(look: SqlSnapshot, branch: str, date: str, savings: Savings) -> Iterable[DayForm]:
    forms = _records(look, Form, _form_ids(look.connection, branch, date)).values()
    templates = _records(look, FormTemplate, {one.template_id for one in forms})
    for one in forms:
        template = templates.get(one.template_id)
        saves_min = savings.by_template.get(template.code if template else "", savings.usual_min)
        yield DayForm(ticket_id=one.ticket_id or "", state=one.state, saves_min=saves_min)


def _approach(row: ContactRow) -> Approach:
    subject = row.ticket_id or row.customer_id or row.id
    return Approach(id=row.id, subject=subject, stage=row.stage, at=at(row.at), author=row.author)


def _form_ids(connection: Connection, branch: str, date: str) -> list[str]:
    """Return the forms of a day: those that are bound to one of its tickets."""
    joined = form.join(ticket, ticket.c.id == form.c.ticket_id)
    chosen = select(form.c.id).select_from(joined)
    return list(connection.scalars(chosen.where(ticket.c.branch_id == branch, ticket.c.business_date == date)))


def _records(look: SqlSnapshot, kind: type[R], ids: Iterable[str]) -> dict[str, R]:
    found = SqlSnapshot.records(look, [Key(kind.kind, id) for id in ids])
    return {
        key.id: msgspec.json.decode(stored.body, type=kind)
        for key, stored in sorted(found.items())
        if stored.standing == "live"
    }
