"""Virtual time: one clock for the server, and for each device one that is wrong in its own way."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random

from contracts.clock import ClockEvidence
from sync.moments import write_moment

# Before any day on which this runs: a restore keeps a gap in the number lines of days until the real tomorrow.
FIRST_MORNING = datetime(2025, 3, 3, 0, 30, tzinfo=UTC)
BANK_OFFSET = timedelta(hours=8)


@dataclass
class Clock:
    """The server's clock; it moves when told."""

    now: datetime = FIRST_MORNING

    def pass_time(self, **by: float) -> None:
        """Let time pass."""
        self.now += timedelta(**by)

    @property
    def business_date(self) -> str:
        """Return the bank's date of this moment."""
        return (self.now + BANK_OFFSET).date().isoformat()


class DeviceClock:
    """A tablet's clocks: a wall that may be far off and jump, an uptime that begins anew with every boot."""

    def __init__(self, clock: Clock, random: Random) -> None:
        self._clock, self._random = clock, random
        self.offset = timedelta(seconds=random.choice((0, 0, 3, -40, 7200)))
        self._boots = 0
        self.reboot()

    def read(self) -> ClockEvidence:
        """Return wall clock, boot and uptime of this moment."""
        uptime = self._clock.now - self._booted_at
        wall = write_moment(self._clock.now + self.offset)
        return ClockEvidence(wall=wall, boot=self._boot, mono_ms=max(0, int(uptime.total_seconds() * 1000)))

    def jump(self) -> None:
        """Let somebody set the wall clock, by minutes or by years."""
        self.offset = timedelta(seconds=self._random.choice((-400 * 86_400, -3600, 0, 59, 86_400, 900 * 86_400)))

    def reboot(self) -> None:
        """Switch the device off and on."""
        self._boots += 1
        self._boot = f"boot-{self._boots}-{self._random.getrandbits(16):04x}"
        self._booted_at = self._clock.now
