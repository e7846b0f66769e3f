"""The played time of a demonstration: one clock for its server, its tablets and the CRM, kept in a small file."""

import mmap
import struct
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from backend.identity import BANK_TIME
from contracts.clock import ClockEvidence

OPENS_MIN, CLOSES_MIN = 8 * 60 + 30, 17 * 60 + 30  # minutes of the day
TOLD = struct.Struct("<qq")  # the played moment that was set last (ms since 1970), and the uptime when it was (ns)


class PlayedClock:
    """Tells the played time; between two settings it goes on as real time does. Works in any process of this machine.

    Setting it is the demonstration's alone: no setting of a real server leads here.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._told: mmap.mmap | None = None

    def __call__(self) -> datetime:
        """Return the played moment, aware UTC."""
        return datetime.fromtimestamp(self.now_ms() / 1000, UTC)

    def __reduce__(self) -> tuple[type["PlayedClock"], tuple[Path]]:
        """Go to another process by the name of the file."""
        return PlayedClock, (self._file,)

    def now_ms(self) -> int:
        """Return the played moment as milliseconds since 1970."""
        set_ms, at_ns = TOLD.unpack_from(self._map())
        return int(set_ms + (time.monotonic_ns() - at_ns) // 1_000_000)

    def set(self, moment: datetime) -> None:
        """Go on from this moment; a clock that is further already goes on as it is."""
        to_ms = int(moment.timestamp() * 1000)
        if not self._file.exists():
            self._file.write_bytes(TOLD.pack(to_ms, time.monotonic_ns()))
        TOLD.pack_into(self._map(), 0, max(to_ms, self.now_ms()), time.monotonic_ns())

    def _map(self) -> mmap.mmap:
        if self._told is None:
            with self._file.open("r+b") as file:
                self._told = mmap.mmap(file.fileno(), TOLD.size)
        return self._told


class DayClock:
    """The played hour of the business day; everybody looks at the same wall."""

    def __init__(self, business_date: date, clock: PlayedClock) -> None:
        self.midnight = datetime(business_date.year, business_date.month, business_date.day, tzinfo=BANK_TIME)
        self.clock = clock
        self.minute = OPENS_MIN

    @property
    def minute(self) -> int:
        """The minute of the day."""
        return self._minute

    @minute.setter
    def minute(self, minute: int) -> None:
        self._minute = minute
        self.clock.set(self.midnight + timedelta(minutes=minute))

    @property
    def business_date(self) -> str:
        """Return the day as the wire writes it."""
        return self.midnight.date().isoformat()

    def moment(self, *, minutes_ago: float = 0) -> str:
        """Return the played moment, or one before it, with its offset."""
        at = self.clock().astimezone(BANK_TIME) - timedelta(minutes=minutes_ago)
        return at.isoformat(timespec="milliseconds")

    def hour(self) -> str:
        """Return the played time as people read it: 09:35."""
        return f"{self.minute // 60:02d}:{self.minute % 60:02d}"


class TabletClock:
    """One tablet's clocks: the wall shows the played hour, and the uptime counts played milliseconds."""

    def __init__(self, day: DayClock, boot: str) -> None:
        self._day, self._boot = day, boot
        self._booted_ms = day.clock.now_ms()

    def read(self) -> ClockEvidence:
        """Return the wall clock, this boot, and the milliseconds since it."""
        return ClockEvidence(wall=self._day.moment(), boot=self._boot, mono_ms=self.now_ms() - self._booted_ms)

    def now_ms(self) -> int:
        """Return the wall clock as milliseconds since 1970."""
        return self._day.clock.now_ms()
