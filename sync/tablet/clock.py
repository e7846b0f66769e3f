"""The device's clocks as a tablet tells them: evidence, never order."""

import time
from datetime import datetime
from pathlib import Path
from typing import Protocol

from contracts.clock import ClockEvidence
from sync.moments import read_moment, write_moment

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


class Clock(Protocol):
    """What a device knows of time; tests and simulations bring their own."""

    def read(self) -> ClockEvidence:
        """Return wall clock, boot and uptime of this moment."""
        ...


class SystemClock:
    """The clocks of the machine that runs this."""

    def __init__(self) -> None:
        self._boot = BOOT_ID.read_text().strip() if BOOT_ID.exists() else ""

    def read(self) -> ClockEvidence:
        """Return wall clock, boot and uptime of this moment."""
        wall = datetime.now().astimezone().isoformat(timespec="milliseconds")
        return ClockEvidence(wall=wall, boot=self._boot, mono_ms=time.monotonic_ns() // 1_000_000)


def moment_of(clock: Clock) -> str:
    """Return the wall clock's moment in UTC, as the tablet's own tables keep it."""
    moment = read_moment(clock.read().wall)
    assert moment is not None, "a device clock must tell RFC 3339"
    return write_moment(moment)
