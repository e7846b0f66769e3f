"""Working days in mainland China, as far as a notice told them; Monday to Friday beyond (domain-rules.md §7)."""

from collections.abc import Mapping
from datetime import date, timedelta
from enum import StrEnum

from msgspec import Struct

DAY = timedelta(days=1)
SATURDAY = 5


class DayKind(StrEnum):
    """What a day is; the first two are worked."""

    WORKDAY = "workday"
    MAKE_UP = "make_up"  # a weekend day that is worked in exchange for a holiday (调休)
    WEEKEND = "weekend"
    HOLIDAY = "holiday"


WORKED = frozenset({DayKind.WORKDAY, DayKind.MAKE_UP})


class Calendar(Struct, frozen=True, kw_only=True):
    """What is known of days: whether each is worked, and whether a State Council notice says so.

    `version` names where it is from, so that a figure can say which calendar made it.
    """

    days: Mapping[date, bool] = {}
    unconfirmed: frozenset[date] = frozenset()  # known, but only predicted
    version: str = ""


WEEKDAYS_ONLY = Calendar(version="weekdays")


def kind_of(day: date, *, is_worked: bool) -> DayKind:
    """Return what a day is called."""
    if day.weekday() < SATURDAY:
        return DayKind.WORKDAY if is_worked else DayKind.HOLIDAY
    return DayKind.MAKE_UP if is_worked else DayKind.WEEKEND


def is_workday(calendar: Calendar, day: date) -> bool:
    """Say whether a day is worked; one that nobody told of is if it is no weekend."""
    known = calendar.days.get(day)
    return day.weekday() < SATURDAY if known is None else known


def list_workdays(calendar: Calendar, first: date, last: date) -> tuple[date, ...]:
    """Return the working days from `first` to `last`, both included."""
    days = (first + timedelta(days=n) for n in range((last - first).days + 1))
    return tuple(day for day in days if is_workday(calendar, day))


def nth_workday_after(calendar: Calendar, day: date, count: int) -> date:
    """Return the `count`-th working day after `day`; `day` itself is not counted."""
    while count > 0:
        day += DAY
        count -= is_workday(calendar, day)
    return day


def is_confirmed(calendar: Calendar, first: date, last: date) -> bool:
    """Say whether a notice told of every day from `first` to `last`; if not, figures carry a warning."""
    days = (first + timedelta(days=n) for n in range((last - first).days + 1))
    return all(day in calendar.days and day not in calendar.unconfirmed for day in days)
