"""When a visit happened, from clocks that may be wrong (domain-rules.md §4); days and months are Shanghai's."""

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache

from msgspec import Struct

from backend.identity import BANK_TIME
from contracts.clock import ClockEvidence
from contracts.kinds.visit import Fix
from sync.clock import UNANCHORED
from sync.moments import read_moment, shift_moment


class Sealing(Struct, frozen=True, kw_only=True):
    """The moment of a visit's signature, by the server's clock, and what the device's clocks said then."""

    at: str
    quality: str
    clock: ClockEvidence


class Moments(Struct, frozen=True, kw_only=True):
    """When a visit began and ended, as far as that is known; `quality` is that of the beginning."""

    began_at: str
    ended_at: str | None
    quality: str


def read_moments(
    sealing: Sealing, started: str, ended: str | None, check_in: Sequence[Fix], check_out: Sequence[Fix],
    claim_max_s: float,
) -> Moments:  # fmt: skip
    """Return when a visit began and ended.

    The uptime of a fix of the signature's boot is trusted; else the wall clock's word, corrected by its skew, if it
    lies at most `claim_max_s` before the signature. What is older than that, nobody can show: the signature counts.
    """
    shown_at = _shown_at(sealing, check_in)
    began_at = shown_at or _claimed_at(sealing, started, claim_max_s)
    left_at = None
    if ended is not None:
        left_at = max(began_at, _shown_at(sealing, check_out) or _claimed_at(sealing, ended, claim_max_s))
    return Moments(began_at=began_at, ended_at=left_at, quality=sealing.quality if shown_at else UNANCHORED)


def _shown_at(sealing: Sealing, fixes: Sequence[Fix]) -> str | None:
    """Return when an event was by the uptime of its first fix, if that is of the signature's boot."""
    clock = sealing.clock
    uptimes = [fix.fix_elapsed_ms for fix in fixes if fix.boot_id and fix.boot_id == clock.boot and fix.fix_elapsed_ms]
    known = [elapsed_ms for elapsed_ms in uptimes if elapsed_ms <= clock.mono_ms]
    return _before(sealing.at, (clock.mono_ms - min(known)) / 1000) if known else None


def _claimed_at(sealing: Sealing, told: str, claim_max_s: float) -> str:
    """Return when an event was by the wall clock, which it shares with the signature."""
    event, signed = read_moment(told), read_moment(sealing.clock.wall)
    age_s = None if event is None or signed is None else (signed - event).total_seconds()
    return sealing.at if age_s is None or not 0 <= age_s <= claim_max_s else _before(sealing.at, age_s)


def _before(at: str, age_s: float) -> str:
    return shift_moment(at, seconds=-age_s)


class Sealed(Struct, frozen=True, kw_only=True):
    """One event of a device, as its sequence number orders it; `at` is the estimate that may be bounded."""

    n: int
    at: str
    is_anchored: bool
    received_at: str


def bound_by_neighbours(events: Sequence[Sealed]) -> list[str]:
    """Return the moment of each of one device's events, which come in the order of `n`.

    An anchored one stands. Another lies after the last anchored one before it, and before the first anchored one after
    it or the moment that it was received. So a clock that was set wrong puts no event into a wrong month when a right
    clock's events lie around it.
    """
    floors = _floors(events)
    ceilings = _ceilings(events)
    return [
        event.at if event.is_anchored else max(floor, min(event.at, ceiling))
        for event, floor, ceiling in zip(events, floors, ceilings, strict=True)
    ]


def _floors(events: Sequence[Sealed]) -> list[str]:
    floor, floors = "", []
    for event in events:
        floors.append(floor)
        floor = max(floor, event.at) if event.is_anchored else floor
    return floors


def _ceilings(events: Sequence[Sealed]) -> list[str]:
    ceiling, ceilings = "9999", []
    for event in reversed(events):
        ceilings.append(min(ceiling, event.received_at))
        ceiling = min(ceiling, event.at) if event.is_anchored else ceiling
    return ceilings[::-1]


def bank_time(at: str) -> datetime:
    """Return a moment as the bank's clocks show it."""
    moment = read_moment(at)
    assert moment is not None, at
    return moment.astimezone(BANK_TIME)


def local_date(at: str) -> str:
    """Return the business date that a moment belongs to, in Asia/Shanghai."""
    return bank_time(at).date().isoformat()


def month_of(at: str) -> str:
    """Return the month (`2026-11`) that a moment belongs to, in Asia/Shanghai."""
    return local_date(at)[:7]


def is_within(at: str, from_h: int, until_h: int) -> bool:
    """Say whether a moment lies between two hours of the bank's day."""
    return from_h <= bank_time(at).hour < until_h


def seconds_between(earlier: str, later: str) -> float:
    """Return the seconds from one written moment to another."""
    return (_moment(later) - _moment(earlier)).total_seconds()


@lru_cache(maxsize=8192)  # the same neighbours are compared with visit after visit
def _moment(at: str) -> datetime:
    moment = read_moment(at)
    assert moment is not None, at
    return moment
