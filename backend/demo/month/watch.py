"""What one tablet's wall clock shows, and the month's days on the played clock."""

from datetime import date, datetime, timedelta

from backend.demo.day.clock import DayClock, PlayedClock
from backend.identity import BANK_TIME

NIGHT_MIN = 5  # past midnight the timed jobs look at the day that is over


class Watch(DayClock):
    """The played time on one tablet, unless somebody set its wall clock wrong; uptime is not for setting."""

    def __init__(self, business_date: date, clock: PlayedClock) -> None:
        self.off = timedelta(0)
        super().__init__(business_date, clock)

    def moment(self, *, minutes_ago: float = 0) -> str:
        """Return what the wall shows now, or showed a while ago, with its offset."""
        at = self.clock().astimezone(BANK_TIME) + self.off - timedelta(minutes=minutes_ago)
        return at.isoformat(timespec="milliseconds")


def moment_on(day: date, minute: int) -> datetime:
    """Return a minute of a day of the bank."""
    return datetime(day.year, day.month, day.day, tzinfo=BANK_TIME) + timedelta(minutes=minute)


def days_from(first: date, last: date) -> list[date]:
    """Return the days from one to another, both included."""
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


def day_name(day: date) -> str:
    """Return a day as the tale writes it: 09 Oct."""
    return day.strftime("%d %b")
