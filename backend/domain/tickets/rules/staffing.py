"""How many counters a line needs, by Erlang C (domain-rules.md §8); it assumes one class, so priorities bend it."""

from math import exp

from msgspec import Struct

COUNTERS_MAX = 100


class Staffing(Struct, frozen=True, kw_only=True):
    """What so many counters achieve; the figures are None while the queue grows, for then they have no value."""

    counters: int
    offered_erlang: float
    is_growing: bool
    wait_share: float | None = None  # P_W: who waits at all
    wait_mean_s: float | None = None  # ASA, over all
    service_level: float | None = None  # who is called within the target
    counters_needed: int | None = None  # for the wanted service level; None beyond COUNTERS_MAX


def wait_share(counters: int, offered: float) -> float:
    """Return Erlang C's P_W for c > a servers: the share of customers who wait at all."""
    assert 0 <= offered < counters, "the queue grows"
    term = total = 1.0
    for k in range(1, counters):
        term *= offered / k
        total += term
    last = term * offered / counters * counters / (counters - offered)
    return last / (total + last)


def mean_wait_s(counters: int, offered: float, service_mean_s: float) -> float:
    """Return ASA = P_W·S̄/(c − a), over all customers."""
    return wait_share(counters, offered) * service_mean_s / (counters - offered)


def service_level(counters: int, offered: float, service_mean_s: float, target_s: float) -> float:
    """Return SL(T) = 1 − P_W·exp(−(c − a)T/S̄): the share called within `target_s`."""
    return 1 - wait_share(counters, offered) * exp(-(counters - offered) * target_s / service_mean_s)


def counters_needed(offered: float, service_mean_s: float, target_s: float, wanted: float) -> int | None:
    """Return the fewest counters that reach the wanted service level, or None if a hundred do not."""
    least = int(offered) + 1
    return next(
        (c for c in range(least, COUNTERS_MAX + 1) if service_level(c, offered, service_mean_s, target_s) >= wanted),
        None,
    )


def staff(counters: int, offered: float, service_mean_s: float, *, target_s: float, wanted: float) -> Staffing:
    """Return the staffing view of one series; where c ≤ a the queue grows and no number is told."""
    needed = counters_needed(offered, service_mean_s, target_s, wanted)
    if counters <= offered:
        return Staffing(counters=counters, offered_erlang=offered, is_growing=True, counters_needed=needed)
    return Staffing(
        counters=counters,
        offered_erlang=offered,
        is_growing=False,
        wait_share=wait_share(counters, offered),
        wait_mean_s=mean_wait_s(counters, offered, service_mean_s),
        service_level=service_level(counters, offered, service_mean_s, target_s),
        counters_needed=needed,
    )
