"""The clocks of a demonstration's tablets: the hour on the wall is played, the uptime is real."""

import time
from datetime import date, datetime, timedelta, timezone

from contracts.clock import ClockEvidence

BANK_TIME = timezone(timedelta(hours=8))  # Asia/Shanghai; no summer time
OPENS_MIN, CLOSES_MIN = 8 * 60 + 30, 17 * 60 + 30  # minutes of the day


class DayClock:
    """The played hour of the business day; all tablets look at the same wall."""

    def __init__(self, business_date: date) -> None:
        self.midnight = datetime(business_date.year, business_date.month, business_date.day, tzinfo=BANK_TIME)
        self.minute = OPENS_MIN

    @property
    def business_date(self) -> str:
        """Return the day as the wire writes it."""
        return self.midnight.date().isoformat()

    def moment(self, *, minutes_ago: float = 0) -> str:
        """Return the played moment, or one before it, with its offset."""
        at = self.midnight + timedelta(minutes=self.minute - minutes_ago)
        return at.isoformat(timespec="milliseconds")

    def hour(self) -> str:
        """Return the played time as people read it: 09:35."""
        return f"{self.minute // 60:02d}:{self.minute % 60:02d}"


class TabletClock:
    """One tablet's clocks: it shows the played hour and counts its real uptime.

    The server dates what a tablet made by its uptime (domain-rules.md §4), so the played hour is kept as what the
    wall clock showed and decides nothing.
    """

    def __init__(self, day: DayClock, boot: str) -> None:
        self._day, self._boot = day, boot
        self._booted_ns = time.monotonic_ns()

    def read(self) -> ClockEvidence:
        """Return the played wall clock, this boot, and the real milliseconds since it."""
        mono_ms = (time.monotonic_ns() - self._booted_ns) // 1_000_000
        return ClockEvidence(wall=self._day.moment(), boot=self._boot, mono_ms=mono_ms)

    def now_ms(self) -> int:
        """Return the played wall clock as milliseconds since 1970."""
        return int(datetime.fromisoformat(self._day.moment()).timestamp() * 1000)
