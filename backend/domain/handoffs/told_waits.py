"""The wait that a customer is told who takes a number at a machine."""

from backend.domain.handoffs.lobby_days import counters_of, line_places
from backend.domain.handoffs.paces import find_pace
from backend.domain.tickets.rules.live import TOLD_MIN_MAX, next_wait
from backend.storage.unit import SqlUnit


def tell_wait(unit: SqlUnit, branch: str, date: str, series: str, priority: int) -> tuple[int, int] | None:
    """Return from how many to how many minutes a newcomer waits, or None while no counter is open for the series."""
    places, counters = line_places(unit.connection, branch, date), counters_of(unit, branch)
    wait = next_wait(series, priority, places, counters, find_pace(unit, branch))
    return (min(wait.lo_min, TOLD_MIN_MAX), min(wait.hi_min, TOLD_MIN_MAX)) if wait else None
