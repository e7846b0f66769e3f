"""Reading and keeping what visits are judged by: traces, places as they were known, photos that are missing."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Struct
from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    and_,
    bindparam,
    case,
    delete,
    func,
    insert,
    literal_column,
    or_,
    select,
    text,
    update,
)

from backend.domain.visits.models import REPLACED, visit, visit_photo, visit_review, visit_trace
from backend.domain.visits.rules.facts import Trace
from backend.domain.visits.rules.reviewing import OPEN_STATES
from backend.domain.visits.rules.waiting import Waiting, columns_of
from backend.storage.quick import fetch
from contracts.kinds.customer import Place

NEIGHBOURS_MAX = 5_000  # of one person within twice the days that are compared
DEVICE_MAX = 500  # of other persons on one device within hours
SEQUENCE_MAX = 5_000  # visits of one install around a batch
ANY = "any"  # alert, whatever its colour
MISSING_MAX = 1_000  # photos that one run of the job looks for

_kept = visit_trace.c
_BETWEEN = _kept.began_at >= bindparam("first_at"), _kept.began_at <= bindparam("last_at")
OF_PERSON = (
    select(_kept.trace)
    .where(_kept.author == bindparam("author"), *_BETWEEN, _kept.until_at >= bindparam("until_at"))
    .order_by(_kept.began_at.desc(), _kept.id)
    .limit(literal_column(str(NEIGHBOURS_MAX)))
    .offset(literal_column("0"))
)
OF_DEVICE = (
    select(_kept.trace)
    .where(_kept.device_id == bindparam("device_id"), _kept.author != bindparam("author"), *_BETWEEN)
    .order_by(_kept.began_at, _kept.id)
    .limit(literal_column(str(DEVICE_MAX)))
    .offset(literal_column("0"))
)

_encode = msgspec.json.Encoder().encode
_trace = msgspec.json.Decoder(Trace)
_places = msgspec.json.Decoder(list[Place])


class TraceRow(Struct, frozen=True, kw_only=True):
    """A visit's trace as the table keeps it."""

    trace: Trace
    told_at: str
    signed_at: str
    is_anchored: bool
    received_at: str
    places: Sequence[Place] = ()


def hold_person(connection: Connection, authors: Collection[str]) -> None:
    """Keep others from judging these persons' visits until the transaction ends; SQLite has one writer anyway."""
    if connection.dialect.name == "postgresql":
        lock = text("SELECT pg_advisory_xact_lock(hashtextextended(:author, 0))")
        for author in sorted(authors):
            connection.execute(lock, {"author": f"visits:{author}"})


def save_traces(connection: Connection, rows: Sequence[TraceRow]) -> None:
    """Put traces, replacing those that are there."""
    if rows:
        connection.execute(delete(visit_trace).where(visit_trace.c.id.in_([row.trace.id for row in rows])))
        connection.execute(insert(visit_trace), [_values(row) for row in rows])


def find_traces(connection: Connection, ids: Collection[str]) -> dict[str, TraceRow]:
    """Return the traces of these visits, as far as there are any."""
    found = connection.execute(select(visit_trace).where(visit_trace.c.id.in_(sorted(ids))))
    return {row.id: _read(row) for row in found}


def date_traces(connection: Connection, traces: Sequence[Trace]) -> None:
    """Let corrections be found when their originals were."""
    dated = update(visit_trace).where(visit_trace.c.id == bindparam("visit"))
    dated = dated.values(began_at=bindparam("began"), until_at=bindparam("until"))
    rows = [{"visit": one.id, "began": one.check_in.at, "until": one.until_at} for one in traces]
    if rows:
        connection.execute(dated, rows)


def traces_of_person(
    connection: Connection, author: str, first_at: str, last_at: str, until_at: str = ""
) -> list[Trace]:  # fmt: skip
    """Return a person's visits that began between two moments, newest first, at most NEIGHBOURS_MAX.

    `until_at`: only those that went on at that moment or later.
    """
    return [_trace.decode(kept) for (kept,) in fetch(connection, OF_PERSON, author, first_at, last_at, until_at)]


def traces_of_device(
    connection: Connection, device_id: str, author: str, first_at: str, last_at: str
) -> list[Trace]:  # fmt: skip
    """Return other persons' visits on a device that began between two moments, at most DEVICE_MAX."""
    return [_trace.decode(kept) for (kept,) in fetch(connection, OF_DEVICE, device_id, author, first_at, last_at)]


def sequence_of(connection: Connection, install_id: str, n: int) -> list[TraceRow]:
    """Return an install's visits in the order of their numbers, from the last anchored one before `n` on."""
    mine = visit_trace.c.install_id == install_id
    anchored = select(visit_trace.c.n).where(mine, visit_trace.c.n < n, visit_trace.c.is_anchored == 1)
    first = connection.scalar(anchored.order_by(visit_trace.c.n.desc()).limit(1))
    chosen = select(visit_trace).where(mine, visit_trace.c.n >= (0 if first is None else first))
    return [_read(row) for row in connection.execute(chosen.order_by(visit_trace.c.n).limit(SEQUENCE_MAX))]


def add_photos(connection: Connection, photos: Collection[tuple[str, str]]) -> None:
    """Note (visit, digest) of photos that a visit names, none of which is known to have arrived."""
    known = {
        tuple(row)
        for row in connection.execute(
            select(visit_photo.c.visit_id, visit_photo.c.digest).where(
                visit_photo.c.visit_id.in_(sorted({visit_id for visit_id, _ in photos}))
            )
        )
    }
    rows = [{"visit_id": visit_id, "digest": digest} for visit_id, digest in sorted({*photos} - known)]
    if rows:
        connection.execute(insert(visit_photo), rows)


def count_missing(connection: Connection, ids: Collection[str]) -> dict[str, int]:
    """Return visit → photos that have not arrived, for visits that miss any."""
    missing = select(visit_photo.c.visit_id).where(
        visit_photo.c.visit_id.in_(sorted(ids)), visit_photo.c.arrived_at.is_(None)
    )
    counts: dict[str, int] = {}
    for visit_id in connection.scalars(missing):
        counts[visit_id] = counts.get(visit_id, 0) + 1
    return counts


def list_missing(connection: Connection, after: tuple[str, str] = ("", "")) -> list[tuple[str, str]]:
    """Return (visit, digest) of photos that have not arrived, from `after` on, at most MISSING_MAX."""
    columns = visit_photo.c.visit_id, visit_photo.c.digest
    later = or_(columns[0] > after[0], (columns[0] == after[0]) & (columns[1] > after[1]))
    chosen = select(*columns).where(visit_photo.c.arrived_at.is_(None), later).order_by(*columns).limit(MISSING_MAX)
    return [(row.visit_id, row.digest) for row in connection.execute(chosen)]


def note_arrived(connection: Connection, photos: Collection[tuple[str, str]], at: str) -> None:
    """Note that photos have arrived."""
    one = visit_photo.c.visit_id == bindparam("visit"), visit_photo.c.digest == bindparam("photo")
    rows = [{"visit": visit_id, "photo": digest} for visit_id, digest in sorted(photos)]
    if rows:
        connection.execute(update(visit_photo).where(*one).values(arrived_at=at), rows)


def _values(row: TraceRow) -> dict[str, object]:
    trace = row.trace
    return {
        "id": trace.id, "author": trace.author, "install_id": trace.install_id, "device_id": trace.device_id,
        "n": trace.n, "told_at": row.told_at, "signed_at": row.signed_at, "is_anchored": int(row.is_anchored),
        "received_at": row.received_at, "began_at": trace.check_in.at, "until_at": trace.until_at,
        "trace": _encode(trace), "places": _encode(row.places),
    }  # fmt: skip


def _read(row: Row[tuple[object, ...]]) -> TraceRow:
    return TraceRow(
        trace=_trace.decode(row.trace),
        told_at=row.told_at,
        signed_at=row.signed_at,
        is_anchored=bool(row.is_anchored),
        received_at=row.received_at,
        places=_places.decode(row.places),
    )


# --- the review queue, and lists of visits for people


class Picked(Struct, frozen=True, kw_only=True):
    """Which visits a list shows; everything that is None is left open."""

    author: str | None = None
    grade: str | None = None
    flag: str | None = None
    month: str | None = None
    state: str | None = None
    alert: str | None = None  # a colour, or `any`


def queue_visits(
    connection: Connection, waiting: Mapping[str, Waiting | None], areas: Mapping[str, Sequence[str]]
) -> None:
    """Put visits into the queue of their institution and of each above it (`areas`), or take them out: None."""
    connection.execute(delete(visit_review).where(visit_review.c.visit_id.in_(sorted(waiting))))
    queued = [one for one in waiting.values() if one]
    rows = [columns_of(one) | {"area": area} for one in queued for area in areas.get(one.org_id, [one.org_id])]
    if rows:
        connection.execute(insert(visit_review), rows)


def amending(connection: Connection, ids: Collection[str]) -> set[str]:
    """Return the graded visits that say they correct one of these, known or not."""
    chosen = select(visit.c.id).where(visit.c.root.in_(sorted(ids)), visit.c.root != visit.c.id)
    return set(connection.scalars(chosen))


def list_waiting(
    connection: Connection, area: str, picked: Picked, after: str | None, limit: int
) -> list[tuple[str, str]]:  # fmt: skip
    """Return (place, visit) of what waits in an institution and below it, the most doubtful first."""
    columns = visit_review.c
    chosen = select(columns.place, columns.visit_id).where(columns.area == area, columns.place > (after or ""))
    named = {"author": picked.author, "grade": picked.grade, "month": picked.month, "state": picked.state}
    for name, value in named.items():
        chosen = chosen if value is None else chosen.where(columns[name] == value)
    if picked.flag is not None:
        chosen = chosen.where(columns.flags.contains(f" {picked.flag} ", autoescape=True))
    if picked.alert is not None:
        chosen = chosen.join(visit, visit.c.id == columns.visit_id).where(_is_alert(picked.alert))
    return [(row.place, row.visit_id) for row in connection.execute(chosen.order_by(columns.place).limit(limit))]


def list_visits(
    connection: Connection, orgs: Collection[str], picked: Picked, after: tuple[str, str] | None, limit: int
) -> list[tuple[str, str]]:  # fmt: skip
    """Return (moment, visit) of graded visits of some institutions, oldest first, from `after` on."""
    chosen = _picked(select(visit.c.at, visit.c.id).where(visit.c.org_id.in_(sorted(orgs))), picked)
    if after is not None:
        chosen = chosen.where(visit.c.at >= after[0], or_(visit.c.at > after[0], visit.c.id > after[1]))
    return [(row.at, row.id) for row in connection.execute(chosen.order_by(visit.c.at, visit.c.id).limit(limit))]


def _picked(chosen: Select[tuple[str, str]], picked: Picked) -> Select[tuple[str, str]]:
    named = {"author": picked.author, "grade": picked.grade, "month": picked.month, "review_state": picked.state}
    for name, value in named.items():
        chosen = chosen if value is None else chosen.where(visit.c[name] == value)
    if picked.flag is not None:
        chosen = chosen.where(visit.c.flags.contains(f" {picked.flag} ", autoescape=True))
    return chosen if picked.alert is None else chosen.where(_is_alert(picked.alert))


def _is_alert(colour: str) -> ColumnElement[bool]:
    return visit.c.alert.is_not(None) if colour == ANY else visit.c.alert == colour


def tally_visits(connection: Connection, month: str, orgs: Collection[str], worth: Mapping[str, int]) -> list[Row[Any]]:
    """Return what the visits of a month were worth, for each institution and visitor, without replaced ones.

    `worth`: of grades A to D, of `accepted` and of `rejected`, in hundredths.
    """
    state, grade, flags = visit.c.review_state, visit.c.grade, visit.c.flags
    mine = visit.c.month == month, visit.c.org_id.in_(sorted(orgs)), flags.not_like(f"% {REPLACED} %")
    known = case(
        (state == "rejected", worth["rejected"]),
        (and_(state == "accepted", grade != "A"), worth["accepted"]),
        *((grade == one, worth[one]) for one in "ABCD"),
        else_=0,
    )
    is_good = and_(flags.not_like("% text_short %"), flags.not_like("% text_reused %"))
    sums = {
        "visits": func.count(),
        **{f"grade_{one.lower()}": _count_if(grade == one) for one in "ABCD"},
        "accepted": _count_if(state == "accepted"), "rejected": _count_if(state == "rejected"),
        "undecided": _count_if(state.in_(sorted(OPEN_STATES))), "worth": func.sum(known),
        "good_content": _count_if(is_good), "in_time": _count_if(flags.not_like("% late_sync %")),
    }  # fmt: skip
    columns = [value.label(name) for name, value in sums.items()]
    chosen = select(visit.c.org_id, visit.c.author, *columns).where(*mine).group_by(visit.c.org_id, visit.c.author)
    return list(connection.execute(chosen))


def _count_if(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.sum(case((condition, 1), else_=0))
