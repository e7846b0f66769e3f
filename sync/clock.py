"""Time as evidence: when a mutation was probably made, from what the tablet's clocks say (domain-rules.md §4)."""

from datetime import datetime, timedelta

from msgspec import Struct

from contracts.clock import ClockEvidence
from sync.moments import read_moment, write_moment


class DeviceClock(Struct, frozen=True, kw_only=True):
    """The tablet's clocks at the moment of a request: Sync-Time (ms), Sync-Boot, Sync-Mono (ms since boot)."""

    wall_ms: int | None = None
    boot: str = ""
    mono_ms: int | None = None


def estimate_made_at(made_at: ClockEvidence, device: DeviceClock, received_at: datetime) -> str:
    """Return when a mutation was made by the server's clock, never later than it was received.

    Same boot: the uptime that has passed since is trusted. Otherwise the wall clock, corrected by how far
    it is off now. Without any of these: the moment it was received.
    """
    if device.boot and device.boot == made_at.boot and device.mono_ms is not None:
        age = timedelta(milliseconds=max(0, min(device.mono_ms - made_at.mono_ms, 10**11)))
        return write_moment(received_at - age)
    return write_moment(min(_corrected(made_at.wall, device, received_at), received_at))


def _corrected(told: str, device: DeviceClock, received_at: datetime) -> datetime:
    """Return what the wall clock told, by the server's clock; a wall that tells nothing possible told "now"."""
    wall = read_moment(told)
    if wall is None:
        return received_at
    if device.wall_ms is None:
        return wall
    try:
        return wall + timedelta(milliseconds=received_at.timestamp() * 1000 - device.wall_ms)
    except OverflowError:
        return received_at
