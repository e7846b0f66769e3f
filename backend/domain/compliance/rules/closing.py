"""When a month is closed: provisionally as it ends, finally after the late-sync window (domain-rules.md §6)."""

from datetime import date
from enum import StrEnum

from backend.domain.compliance.rules.calendar import DAY, Calendar, nth_workday_after
from backend.domain.compliance.rules.periods import first_of_month, last_of_month, next_month


class MonthState(StrEnum):
    """How settled the numbers of a month are."""

    OPEN = "open"
    PROVISIONAL = "provisional"  # the month is over, late tablets may still come
    FINAL = "final"  # every later change is a revision with a reason


def provisional_from(month: str) -> date:
    """Return the day from which a month counts as over: the first of the next."""
    return first_of_month(next_month(month))


def final_from(month: str, calendar: Calendar, late_workdays: int) -> date:
    """Return the day from which a month's numbers are final: the one after its window of late working days."""
    return nth_workday_after(calendar, last_of_month(month), late_workdays) + DAY
