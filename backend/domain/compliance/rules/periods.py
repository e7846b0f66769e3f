"""Periods in which a duty must be done: months, quarters, weeks, and the working days after a disbursement."""

from bisect import bisect_left, bisect_right
from datetime import date, timedelta
from enum import StrEnum

from msgspec import Struct

from backend.domain.compliance.rules.calendar import (
    DAY,
    Calendar,
    is_confirmed,
    list_workdays,
    nth_workday_after,
)


class Cadence(StrEnum):
    """How often a duty comes back."""

    MONTH = "month"
    QUARTER = "quarter"
    WEEK = "week"  # Monday to Sunday, named as ISO 8601 does
    FIRST_CHECK = "first_check"  # once, after a loan was paid out


class Period(Struct, frozen=True, kw_only=True):
    """Days from `first` to `last` with the working ones among them; figures count it in the month of `last`."""

    name: str
    cadence: Cadence
    first: date
    last: date
    workdays: tuple[date, ...]
    is_confirmed: bool
    loan_id: str = ""  # of a first check

    @property
    def month(self) -> str:
        """The month whose report this period stands in."""
        return month_of(self.last)

    def count_workdays(self, first: date, last: date) -> int:
        """Return how many of the period's working days lie from `first` to `last`."""
        return max(0, bisect_right(self.workdays, last) - bisect_left(self.workdays, first))


def month_of(day: date) -> str:
    """Return a day's month as `2026-11`."""
    return f"{day.year:04d}-{day.month:02d}"


def first_of_month(month: str) -> date:
    """Return the first day of `2026-11`."""
    return date(int(month[:4]), int(month[5:7]), 1)


def last_of_month(month: str) -> date:
    """Return the last day of `2026-11`."""
    return first_of_month(next_month(month)) - DAY


def next_month(month: str) -> str:
    """Return the month after `2026-11`."""
    return month_of(first_of_month(month) + timedelta(days=32))


def period_at(cadence: Cadence, day: date, calendar: Calendar) -> Period:
    """Return the month, quarter or week that `day` lies in."""
    name, first, last = _BOUNDS[cadence](day)
    return _period(name, cadence, first, last, calendar)


def periods_ending_in(cadence: Cadence, month: str, calendar: Calendar) -> list[Period]:
    """Return the months, quarters or weeks whose last day lies in `month`, in order."""
    found, day, end = [], first_of_month(month), last_of_month(month)
    while day <= end:
        period = period_at(cadence, day, calendar)
        if period.last <= end:
            found.append(period)
        day = period.last + DAY
    return found


def first_check_of(loan_id: str, opened_on: date, due_workdays: int, calendar: Calendar) -> Period:
    """Return the period of a loan's first check: its day of disbursement and `due_workdays` working days after."""
    due_by = nth_workday_after(calendar, opened_on, due_workdays)
    return _period(f"first:{loan_id}", Cadence.FIRST_CHECK, opened_on, due_by, calendar, loan_id)


def _period(
    name: str, cadence: Cadence, first: date, last: date, calendar: Calendar, loan_id: str = ""
) -> Period:  # fmt: skip
    return Period(
        name=name, cadence=cadence, first=first, last=last, loan_id=loan_id,
        workdays=list_workdays(calendar, first, last), is_confirmed=is_confirmed(calendar, first, last),
    )  # fmt: skip


def _month(day: date) -> tuple[str, date, date]:
    month = month_of(day)
    return month, first_of_month(month), last_of_month(month)


def _quarter(day: date) -> tuple[str, date, date]:
    quarter = (day.month + 2) // 3
    last = last_of_month(f"{day.year:04d}-{quarter * 3:02d}")
    return f"{day.year:04d}-Q{quarter}", date(day.year, quarter * 3 - 2, 1), last


def _week(day: date) -> tuple[str, date, date]:
    year, week, weekday = day.isocalendar()
    monday = day - timedelta(days=weekday - 1)
    return f"{year:04d}-W{week:02d}", monday, monday + timedelta(days=6)


_BOUNDS = {Cadence.MONTH: _month, Cadence.QUARTER: _quarter, Cadence.WEEK: _week}
