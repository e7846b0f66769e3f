"""Timed work on duties: every day's judgement, the two closes of a month, and a recalculation that somebody names."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from functools import partial

from msgspec import Struct

from backend.domain.compliance.jobs.judging import QUARTER_D, Court, open_months
from backend.domain.compliance.jobs.reacting import judge_again
from backend.domain.compliance.jobs.sources import Sources
from backend.domain.compliance.queries import obligations, setup
from backend.domain.compliance.queries.facts import customers_of_portfolio, page_customers
from backend.domain.compliance.rules.closing import MonthState, final_from, provisional_from
from backend.domain.compliance.rules.periods import first_of_month, last_of_month
from backend.identity import BANK_TIME
from backend.storage.snapshot import SqlSnapshot
from backend.storage.sql_store import SqlStore
from backend.storage.unit import SqlUnit
from sync.kind import Kinds
from sync.moments import write_moment
from sync.puts import put_records

CHUNK = 500  # customers judged in one transaction
BY = "duty"
RULE_NEWS = timedelta(minutes=2)


class Parts(Struct, frozen=True):
    """What timed work on duties needs."""

    store: SqlStore
    kinds: Kinds
    sources: Sources


def bank_day(now: datetime) -> date:
    """Return the day in Asia/Shanghai."""
    return now.astimezone(BANK_TIME).date()


def refresh_duties(parts: Parts, now: datetime) -> int:
    """Judge all open duties as they stand today; return how many customers were looked at.

    Days make duties begin, come at risk and end: nobody writes a record then.
    """
    as_of, at = bank_day(now), write_moment(now)
    _begin_months(parts, as_of, at)
    return _sweep(parts, partial(_judge_page, parts, as_of, at))


def apply_new_rules(parts: Parts, now: datetime) -> int:
    """Judge all open duties if somebody added a rule just now; return how many customers were looked at.

    Asked every minute, it looks back a little further, so that no rule slips between two slots; what a server that was
    down missed, `refresh_duties` finds.
    """
    since = write_moment(now - RULE_NEWS)
    return refresh_duties(parts, now) if parts.store.read(lambda look: setup.has_news(look.connection, since)) else 0


def hand_over_duties(parts: Parts, portfolio_id: str, now: datetime) -> int:
    """Judge the open duties of a portfolio's customers again, once it is somebody else's; return how many they are."""
    as_of, at = bank_day(now), write_moment(now)
    ids = parts.store.read(lambda look: customers_of_portfolio(look.connection, portfolio_id))
    for start in range(0, len(ids), CHUNK):
        parts.store.write(partial(_judge_page, parts, as_of, at, ids[start : start + CHUNK]))
    return len(ids)


def close_month_provisional(parts: Parts, now: datetime) -> list[str]:
    """Close the months that are over but still open; return them. Late tablets may still come for them."""
    as_of = bank_day(now)
    _begin_months(parts, as_of, write_moment(now))
    due = [row.month for row in _months(parts, MonthState.OPEN) if provisional_from(row.month) <= as_of]
    return _close(parts, due, now, MonthState.PROVISIONAL)


def close_month_final(parts: Parts, now: datetime, late_workdays: int = 3) -> list[str]:
    """Close for good the months whose window for late tablets has passed; return them, the oldest first."""
    as_of = bank_day(now)
    waiting = [row.month for row in _months(parts, MonthState.PROVISIONAL)]
    due = [month for month in waiting if _final_day(parts, month, late_workdays) <= as_of]
    return _close(parts, due, now, MonthState.FINAL)


def recalculate_month(parts: Parts, month: str, name: str, by: str, now: datetime) -> int:
    """Judge a final month again with today's rules, facts and calendar, as a revision under the name of this deed.

    Return the revision's number. Nothing else ever judges a closed month by a rule that came later.
    """
    as_of, at = bank_day(now), write_moment(now)
    revision = parts.store.write(
        lambda unit: obligations.begin_revision(
            unit.connection, month, cause="recalculation", reason=name, by=by, at=at
        )
    )  # fmt: skip
    _sweep(parts, partial(_recalculate_page, parts, as_of, month, revision))
    return revision


def _close(parts: Parts, months: Sequence[str], now: datetime, state: MonthState) -> list[str]:
    if months:
        _sweep(parts, partial(_close_page, parts, bank_day(now), months))
    for month in months:
        parts.store.write(lambda unit, month=month: _seal(unit, month, write_moment(now), state))  # type: ignore[misc]  # a lambda with a default
    return list(months)


def _seal(unit: SqlUnit, month: str, at: str, state: MonthState) -> None:
    revision = obligations.begin_revision(
        unit.connection, month, cause=state.value, reason="", by=BY, at=at, state=state
    )  # fmt: skip
    obligations.snapshot_figures(unit.connection, month, revision)


def _sweep(parts: Parts, page: "partial[None]") -> int:
    """Go through all customers, institution by institution, one transaction for each page."""
    place, seen = ("", ""), 0
    while found := parts.store.read(partial(_next_page, place)):
        parts.store.write(partial(page, [customer_id for _, customer_id in found]))
        place, seen = found[-1], seen + len(found)
    return seen


def _next_page(place: tuple[str, str], look: SqlSnapshot) -> list[tuple[str, str]]:
    return page_customers(look.connection, place, CHUNK)


def _judge_page(parts: Parts, as_of: date, at: str, customer_ids: Sequence[str], unit: SqlUnit) -> None:
    puts = judge_again(unit.connection, parts.sources, customer_ids, as_of)
    put_records(unit, parts.kinds, puts, by=BY, at=at)


def _close_page(
    parts: Parts, as_of: date, months: Sequence[str], customer_ids: Sequence[str], unit: SqlUnit
) -> None:  # fmt: skip
    """Judge what closes and nothing else; what tablets are told of the new month, the next refresh says."""
    judged = Court(unit.connection, parts.sources, as_of, months).judge(customer_ids)
    obligations.apply_changes(unit.connection, judged.changes)


def _recalculate_page(
    parts: Parts, as_of: date, month: str, revision: int, customer_ids: Sequence[str], unit: SqlUnit
) -> None:  # fmt: skip
    judged = Court(unit.connection, parts.sources, as_of, [month]).judge(customer_ids)
    obligations.apply_changes(unit.connection, judged.changes, {month: revision})


def _begin_months(parts: Parts, as_of: date, at: str) -> None:
    months = parts.store.read(lambda look: open_months(look.connection, as_of))
    begun = [month for month in months if first_of_month(month) <= as_of]
    parts.store.write(lambda unit: obligations.add_months(unit.connection, begun, at))


def _months(parts: Parts, state: MonthState) -> list[obligations.MonthRow]:
    rows = parts.store.read(lambda look: obligations.load_months(look.connection))
    return [row for row in rows if row.state is state]


def _final_day(parts: Parts, month: str, late_workdays: int) -> date:
    last = last_of_month(month)
    calendar = parts.store.read(lambda look: setup.load_calendar(look.connection, last, last + QUARTER_D))
    return final_from(month, calendar, late_workdays)
