"""Time as evidence: when a mutation was probably made, from what the tablet's clocks say (domain-rules.md §4)."""

from datetime import datetime, timedelta

from msgspec import Struct

from contracts.clock import ClockEvidence
from sync.moments import read_moment, write_moment

ANCHORED, UNANCHORED = "anchored", "unanchored"
CONTACT_S = 1.0  # taken for half a round trip, which the server does not see
DRIFT = 50e-6  # of an uptime clock
AGE_MS_MAX = 10**11  # some three years: longer, no uptime clock runs


class DeviceClock(Struct, frozen=True, kw_only=True):
    """The tablet's clocks at the moment of a request: Sync-Time (ms), Sync-Boot, Sync-Mono (ms since boot)."""

    wall_ms: int | None = None
    boot: str = ""
    mono_ms: int | None = None


class Reading(Struct, frozen=True, kw_only=True):
    """When something was made by the server's clock, how that is known, and how far off the tablet's wall was."""

    at: str
    quality: str
    uncertainty_s: float | None  # None: nobody can say
    skew_s: float  # wall minus `at`; 0 if the wall told nothing


def read_clock(made_at: ClockEvidence, device: DeviceClock, received_at: datetime) -> Reading:
    """Return when a mutation was made, never later than it was received.

    Same boot: the uptime that has passed since is trusted, and anchored to this contact. Otherwise the wall clock,
    corrected by how far it is off now. Without any of these: the moment it was received.
    """
    wall, age = read_moment(made_at.wall), _age(made_at, device)
    if age is not None:
        return _reading(wall, received_at - age, ANCHORED, CONTACT_S + DRIFT * age.total_seconds())
    return _reading(wall, _by_wall(wall, device, received_at), UNANCHORED, None)


def estimate_made_at(made_at: ClockEvidence, device: DeviceClock, received_at: datetime) -> str:
    """Return when a mutation was made by the server's clock, never later than it was received."""
    age = _age(made_at, device)
    if age is not None:
        return write_moment(received_at - age)
    return write_moment(_by_wall(read_moment(made_at.wall), device, received_at))


def skew_s(told: str, at: str) -> float:
    """Return how far a wall clock's word lies after (or, negative, before) a moment; 0 if it tells none."""
    wall, moment = read_moment(told), read_moment(at)
    return 0.0 if wall is None or moment is None else round((wall - moment).total_seconds(), 3)


def _reading(wall: datetime | None, at: datetime, quality: str, uncertainty_s: float | None) -> Reading:
    skew = 0.0 if wall is None else round((wall - at).total_seconds(), 3)
    return Reading(at=write_moment(at), quality=quality, uncertainty_s=uncertainty_s, skew_s=skew)


def _age(made_at: ClockEvidence, device: DeviceClock) -> timedelta | None:
    """Return how long ago the uptime clock says it was, or None after another boot."""
    if not device.boot or device.boot != made_at.boot or device.mono_ms is None:
        return None
    return timedelta(milliseconds=max(0, min(device.mono_ms - made_at.mono_ms, AGE_MS_MAX)))


def _by_wall(wall: datetime | None, device: DeviceClock, received_at: datetime) -> datetime:
    return min(_corrected(wall, device, received_at), received_at)


def _corrected(wall: datetime | None, device: DeviceClock, received_at: datetime) -> datetime:
    """Return what the wall clock told, by the server's clock; a wall that tells nothing possible told "now"."""
    if wall is None:
        return received_at
    if device.wall_ms is None:
        return wall
    try:
        return wall + timedelta(milliseconds=received_at.timestamp() * 1000 - device.wall_ms)
    except OverflowError:
        return received_at
