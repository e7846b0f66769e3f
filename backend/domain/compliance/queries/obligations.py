"""Obligations as they are kept, and the figures and revisions that go with them."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from typing import Any

import msgspec
from msgspec import Struct
from sqlalchemy import Column, ColumnElement, Connection, Row, and_, delete, exists, func, insert, literal, or_, select

from backend.domain.compliance.models import (
    duty_change,
    duty_figure,
    duty_month,
    duty_revision,
    duty_visit,
    obligation,
)
from backend.domain.compliance.queries.upserts import add_up_rows, put_rows
from backend.domain.compliance.rules.closing import MonthState
from backend.domain.compliance.rules.figures import NONE, Figures
from backend.domain.compliance.rules.kept import Detail, Kept

Key = tuple[str, str, str]  # customer, period, code
FigureKey = tuple[str, str, str, str]  # month, institution, owner, code

FIGURES = Figures.__struct_fields__
PLAIN = tuple(name for name in Kept.__struct_fields__ if name not in ("first", "last", "is_confirmed", "detail"))

_detail = msgspec.json.Decoder(Detail)
_kept = msgspec.json.Decoder(Kept)
_encode = msgspec.json.Encoder().encode


class MonthRow(Struct, frozen=True, kw_only=True):
    """How settled a month is, and the number of its newest revision."""

    month: str
    state: MonthState = MonthState.OPEN
    revision: int = 0
    changed_at: str = ""


class Change(Struct, frozen=True, kw_only=True):
    """One obligation before and after; None where there is none."""

    before: Kept | None
    after: Kept | None

    @property
    def either(self) -> Kept:
        """The obligation as it stands, or stood."""
        found = self.after or self.before
        assert found is not None
        return found


class Revision(Struct, frozen=True, kw_only=True):
    """Why the numbers of a closed month changed, and when."""

    month: str
    revision: int
    made_at: str
    made_by: str
    cause: str
    reason: str = ""


def load_live(connection: Connection, customer_ids: Sequence[str], since: str, closed: Collection[str]) -> list[Kept]:
    """Return the customers' obligations of the months from `since` on that are not closed."""
    mine = obligation.c.customer_id.in_(customer_ids), obligation.c.month >= since
    rows = connection.execute(select(obligation).where(*mine, obligation.c.month.not_in(closed)))
    return [read_row(row) for row in rows]


def load_closed(connection: Connection, touched: Mapping[str, Collection[date]], closed: Collection[str]) -> list[Kept]:
    """Return the obligations of closed months whose periods hold one of the customers' days."""
    rows = connection.execute(
        select(obligation).where(obligation.c.customer_id.in_(sorted(touched)), obligation.c.month.in_(closed))
    )
    found = map(read_row, rows)
    return [one for one in found if any(one.first <= day <= one.last for day in touched[one.customer_id])]


def list_obligations(
    connection: Connection, filters: Iterable[ColumnElement[bool]], after: Key | None, limit: int
) -> list[Kept]:  # fmt: skip
    """Return obligations by customer, period and code, from `after` on."""
    place = obligation.c.customer_id, obligation.c.period, obligation.c.code
    chosen = select(obligation).where(*filters).order_by(*place).limit(limit)
    if after is not None:
        chosen = chosen.where(_beyond(place, after))
    return [read_row(row) for row in connection.execute(chosen)]


def is_visited_by(visitor: str) -> ColumnElement[bool]:
    """Return the filter of obligations in whose period somebody visited the customer, whatever became of the visit."""
    made = duty_visit.c.customer_id == obligation.c.customer_id, duty_visit.c.visitor == visitor
    return exists().where(*made, duty_visit.c.day.between(obligation.c.first, obligation.c.last))


def find_obligation(connection: Connection, key: Key) -> Kept | None:
    """Return one obligation, or None."""
    customer_id, period, code = key
    mine = obligation.c.customer_id == customer_id, obligation.c.period == period, obligation.c.code == code
    row = connection.execute(select(obligation).where(*mine)).one_or_none()
    return read_row(row) if row else None


def apply_changes(
    connection: Connection, changes: Sequence[Change], revisions: Mapping[str, int] | None = None
) -> None:
    """Write obligations and move the figures by what they moved.

    `revisions` names for closed months the revision that keeps the numbers of before.
    """
    put_rows(connection, obligation, [write_row(change.after) for change in changes if change.after])
    for change in changes:
        if change.after is None and change.before is not None:
            customer_id, period, code = change.before.key
            mine = obligation.c.customer_id == customer_id, obligation.c.period == period, obligation.c.code == code
            connection.execute(delete(obligation).where(*mine))
    moved = _moved(changes)
    add_up_rows(connection, duty_figure, [_figure_row(key, 0, figures) for key, figures in sorted(moved.items())])
    if revisions:
        put_rows(connection, duty_change, [_change_row(one, revisions[one.either.month]) for one in changes])
        for key in sorted(moved):
            _copy_figures(connection, revisions[key[0]], month=key[0], org_id=key[1], owner=key[2], code=key[3])


def load_months(connection: Connection, since: str = "", *, is_kept_still: bool = False) -> list[MonthRow]:
    """Return the known months from `since` on; `is_kept_still` lets nobody close one meanwhile."""
    chosen = select(duty_month).where(duty_month.c.month >= since).order_by(duty_month.c.month)
    rows = connection.execute(chosen.with_for_update(read=True) if is_kept_still else chosen)
    return [MonthRow(**dict(row._mapping) | {"state": MonthState(row.state)}) for row in rows]


def add_months(connection: Connection, months: Collection[str], at: str) -> None:
    """Begin to keep months that are not known yet."""
    known = {row.month for row in load_months(connection)}
    rows = [
        {"month": month, "state": MonthState.OPEN.value, "revision": 0, "changed_at": at}
        for month in sorted(set(months) - known)
    ]  # fmt: skip
    put_rows(connection, duty_month, rows)


def begin_revision(
    connection: Connection, month: str, *, cause: str, reason: str, by: str, at: str, state: MonthState | None = None
) -> int:  # fmt: skip
    """Number the next revision of a month, which may come with a new state; return its number."""
    mine = duty_month.c.month == month
    row = connection.execute(select(duty_month).where(mine).with_for_update()).one()
    number = int(row.revision) + 1
    news = {"revision": number, "changed_at": at, "state": state.value if state else row.state}
    connection.execute(duty_month.update().where(mine).values(news))
    connection.execute(
        insert(duty_revision).values(
            month=month, revision=number, made_at=at, made_by=by, cause=cause, reason=reason
        )
    )  # fmt: skip
    return number


def snapshot_figures(connection: Connection, month: str, revision: int) -> None:
    """Keep the newest figures of a month under a revision."""
    _copy_figures(connection, revision, month=month)


def list_revisions(connection: Connection, month: str, after: int, limit: int) -> list[Revision]:
    """Return a month's revisions in order."""
    mine = duty_revision.c.month == month, duty_revision.c.revision > after
    rows = connection.execute(select(duty_revision).where(*mine).order_by(duty_revision.c.revision).limit(limit))
    return [Revision(**row._mapping) for row in rows]


def list_changes(
    connection: Connection, month: str, revision: int, orgs: Collection[str], after: Key, limit: int
) -> list[Change]:  # fmt: skip
    """Return what a revision changed in some institutions, by customer, period and code."""
    mine = duty_change.c.month == month, duty_change.c.revision == revision, duty_change.c.org_id.in_(orgs)
    place = duty_change.c.customer_id, duty_change.c.period, duty_change.c.code
    chosen = select(duty_change.c.before, duty_change.c.after).where(*mine, _beyond(place, after))
    rows = connection.execute(chosen.order_by(*place).limit(limit))
    return [
        Change(
            before=_kept.decode(row.before) if row.before else None,
            after=_kept.decode(row.after) if row.after else None,
        )
        for row in rows
    ]


def load_figures(
    connection: Connection, month: str, orgs: Collection[str], revision: int = 0
) -> list[tuple[str, str, str, Figures]]:  # fmt: skip
    """Return (institution, owner, code, figures) of a month, as they are or as a revision left them."""
    kept = duty_figure.c.revision
    mine = duty_figure.c.month == month, duty_figure.c.org_id.in_(orgs)
    those = kept.between(1, revision) if revision else kept == 0
    columns = duty_figure.c.org_id, duty_figure.c.owner, duty_figure.c.code
    numbers = [duty_figure.c[name] for name in FIGURES]
    rows = connection.execute(select(*columns, *numbers).where(*mine, those).order_by(kept))
    newest = {(org_id, owner, code): numbers for org_id, owner, code, *numbers in rows}
    found = ((*key, Figures(*map(int, numbers))) for key, numbers in newest.items())
    return sorted((row for row in found if row[3] != NONE), key=lambda row: row[:3])


def count_obligations(connection: Connection, filters: Iterable[ColumnElement[bool]]) -> int:
    """Return how many obligations there are."""
    return int(connection.scalar(select(func.count()).select_from(obligation).where(*filters)) or 0)


def write_row(kept: Kept) -> dict[str, Any]:
    """Return an obligation as its row."""
    row = {name: getattr(kept, name) for name in PLAIN}
    row["first"], row["last"] = kept.first.isoformat(), kept.last.isoformat()
    row["is_confirmed"], row["detail"] = kept.is_confirmed, _encode(kept.detail)
    return row


def read_row(row: Row[Any]) -> Kept:
    """Return an obligation from its row."""
    told = row._mapping
    return Kept(
        **{name: told[name] for name in PLAIN},
        first=date.fromisoformat(told["first"]), last=date.fromisoformat(told["last"]),
        is_confirmed=bool(told["is_confirmed"]), detail=_detail.decode(told["detail"]),
    )  # fmt: skip


def _beyond(place: Sequence[Column[Any]], after: Sequence[str]) -> ColumnElement[bool]:
    """Return what holds for rows whose place, column by column, comes after another."""
    column, word = place[0], after[0]
    if len(place) == 1:
        return column > word
    return or_(column > word, and_(column == word, _beyond(place[1:], after[1:])))


def _moved(changes: Iterable[Change]) -> dict[FigureKey, Figures]:
    moved: dict[FigureKey, Figures] = {}
    for change in changes:
        for kept, sign in ((change.before, -1), (change.after, 1)):
            for owner, figures in kept.detail.figures.items() if kept else ():
                key = (kept.month, kept.org_id, owner, kept.code) if kept else ("", "", "", "")
                moved[key] = moved.get(key, NONE).plus(figures, sign)
    return {key: figures for key, figures in moved.items() if figures != NONE}


def _figure_row(key: FigureKey, revision: int, figures: Figures) -> dict[str, Any]:
    month, org_id, owner, code = key
    where = {"month": month, "revision": revision, "org_id": org_id, "owner": owner, "code": code}
    return where | {name: getattr(figures, name) for name in FIGURES}


def _change_row(change: Change, revision: int) -> dict[str, Any]:
    kept = change.either
    return {
        "month": kept.month, "revision": revision, "customer_id": kept.customer_id, "period": kept.period,
        "code": kept.code, "org_id": kept.org_id, "before": _encode(change.before) if change.before else None,
        "after": _encode(change.after) if change.after else None,
    }  # fmt: skip


def _copy_figures(connection: Connection, revision: int, **key: str) -> None:
    """Keep the newest figures of a key under a revision too, in place of what it has there."""
    mine = [duty_figure.c[name] == value for name, value in key.items()]
    connection.execute(delete(duty_figure).where(*mine, duty_figure.c.revision == revision))
    names = duty_figure.c.keys()
    columns = [literal(revision) if name == "revision" else duty_figure.c[name] for name in names]
    newest = select(*columns).where(*mine, duty_figure.c.revision == 0)
    connection.execute(insert(duty_figure).from_select(names, newest))
