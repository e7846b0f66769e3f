"""A simulated branch: customers come by chance, are told a wait, and are served when a counter is free."""

from bisect import bisect_right
from heapq import heapify, heappop, heappush
from math import exp, log
from random import Random

from msgspec import Struct

from backend.domain.tickets.rules.waiting import counted_service_s, estimate_wait, shrunk_mean_s

SERVICE_S = 420.0  # the mean
SIGMA = 0.8  # of the logarithm: services differ nearly as much as exponential ones, of which the interval is made
PRIOR_S = 600.0  # what the branch believes of itself before it has served anybody
MIN_S = 60


class Told(Struct, frozen=True):
    """What one customer was told, and what came of it."""

    lo_min: int
    hi_min: int
    wait_s: float

    @property
    def is_right(self) -> bool:
        """Say whether the real wait fell in the told interval, by the rule of the coverage check."""
        return self.lo_min * MIN_S <= self.wait_s <= max(self.hi_min, 1) * MIN_S


def simulate(counters: int, load: float, customers: int, seed: int) -> list[Told]:
    """Return what every customer was told; the branch learns its service time from those it has served before."""
    random = Random(seed)
    free_at = [0.0] * counters
    heapify(free_at)
    calls: list[float] = []  # of those before, in order: first come, first called
    ends: list[tuple[float, float]] = []  # services that are not over yet: end, length
    told, now, known_s, known = [], 0.0, 0.0, 0
    for _ in range(customers):
        now += random.expovariate(load * counters / SERVICE_S)
        while ends and ends[0][0] <= now:
            known_s, known = known_s + counted_service_s(heappop(ends)[1]), known + 1
        ahead = len(calls) - bisect_right(calls, now)
        free = sum(at <= now for at in free_at)
        wait = estimate_wait(ahead, counters, free, shrunk_mean_s(PRIOR_S, known_s, known))
        assert wait is not None
        call = max(now, heappop(free_at))
        service_s = exp(random.gauss(log(SERVICE_S) - SIGMA**2 / 2, SIGMA))
        heappush(free_at, call + service_s)
        heappush(ends, (call + service_s, service_s))
        calls.append(call)
        told.append(Told(wait.lo_min, wait.hi_min, call - now))
    return told


def coverage(told: list[Told]) -> float:
    """Return the share of real waits that fell in what was told; whom a free counter took at once is no proof."""
    waits = [one for one in told if one.hi_min > 0]
    return sum(one.is_right for one in waits) / len(waits)
