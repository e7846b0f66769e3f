"""How long a customer will wait, as an interval, and how fast a series is served (domain-rules.md §8)."""

from bisect import bisect_left
from collections.abc import Collection, Iterable
from math import ceil, floor

from msgspec import Struct

from backend.domain.tickets.rules.line import AT_COUNTER, RETURNED_BEHIND, Place, order_line
from contracts.kinds.counter import Counter

PRIOR_WEIGHT = 10  # services that the prior mean counts for: m₀
SERVICE_S_MAX = 3600  # no single service counts for more in a mean, so that one odd customer moves it little
Z_80 = 1.2815515655446004  # 10 % below, 10 % above; the golden values of §15 hold with all these digits
MIN_S = 60
LAST = "~"  # stands behind every moment and every id


class Wait(Struct, frozen=True, kw_only=True):
    """How long a wait is likely to be; four of five end between `lo_s` and `hi_s`."""

    mean_s: float
    lo_s: float
    hi_s: float

    @property
    def lo_min(self) -> int:
        """The lower end in whole minutes, rounded outward."""
        return floor(self.lo_s / MIN_S)

    @property
    def hi_min(self) -> int:
        """The upper end in whole minutes, rounded outward."""
        return ceil(self.hi_s / MIN_S)


NO_WAIT = Wait(mean_s=0, lo_s=0, hi_s=0)


Sort = tuple[str, str | None]  # what decides which counters call a ticket: its line, and the counter it was sent to


def newcomer(series: str, priority: int = 0) -> Place:
    """Return the place of somebody who takes a number now."""
    return Place(id=LAST, series=series, number=0, state="waiting", priority=priority, issued_at=LAST)


class Line:
    """Who waits at a branch in the order of calling, and which open counters would call them."""

    def __init__(self, places: Iterable[Place], counters: Iterable[Counter], *, behind: int = RETURNED_BEHIND) -> None:
        self._known, self._behind = list(places), behind
        self._busy = {place.counter for place in self._known if place.state in AT_COUNTER and place.counter}
        self._serves = _serves(counters, self._busy)
        self.waiting = order_line(self._known, self._known, behind=behind)
        self._positions: dict[Sort, list[int]] = {}
        for position, place in enumerate(self.waiting):
            self._positions.setdefault(_sort(place), []).append(position)
        self._counters = {sort: self._find_counters(*sort) for sort in self._positions}
        self._at = {place.id: position for position, place in enumerate(self.waiting)}

    def counters_for(self, place: Place) -> frozenset[str]:
        """Return the numbers of the open counters that may call a ticket; a counter without series calls all."""
        known = self._counters.get(_sort(place))
        return self._find_counters(*_sort(place)) if known is None else known

    def ahead_of(self, place: Place) -> int:
        """Return how many are called before somebody by the counters that they wait for.

        Whoever is ahead and may be called elsewhere too counts for the share of their counters that are shared; the
        sum is rounded up. A higher priority that comes later is not foreseen: with priorities the estimate is low.
        """
        mine, position, ahead = self.counters_for(place), self._position(place), 0.0
        for sort, positions in self._positions.items():
            theirs = self._counters[sort]
            if theirs:
                ahead += bisect_left(positions, position) * len(mine & theirs) / len(theirs)
        return ceil(round(ahead, 6))

    def wait_of(self, place: Place, service_mean_s: float) -> Wait | None:
        """Return the wait of somebody in the line, or of a newcomer."""
        mine = self.counters_for(place)
        return estimate_wait(self.ahead_of(place), len(mine), len(mine - self._busy), service_mean_s)

    def _position(self, place: Place) -> int:
        if place.id in self._at:
            return self._at[place.id]
        line = order_line([*self.waiting, place], self._known, behind=self._behind)
        return next(position for position, one in enumerate(line) if one.id == place.id)

    def _find_counters(self, line: str, for_counter: str | None) -> frozenset[str]:
        if for_counter:
            return frozenset({for_counter} & self._serves.keys())
        return frozenset(number for number, serves in self._serves.items() if not serves or line in serves)


def _serves(counters: Iterable[Counter], busy: Collection[str]) -> dict[str, list[str]]:
    """Return the open counters with the series that each serves; one that nobody declared but that works serves all."""
    declared = {counter.counter_no: counter for counter in counters}
    undeclared: dict[str, list[str]] = {number: [] for number in busy if number not in declared}
    return undeclared | {number: list(one.series) for number, one in declared.items() if one.state == "open"}


def _sort(place: Place) -> Sort:
    return place.line, place.for_counter


def estimate_wait(n_ahead: int, counters_open: int, counters_free: int, service_mean_s: float) -> Wait | None:
    """Return the wait of somebody with `n_ahead` before them, or None while no counter is open for them.

    A free counter takes one of those ahead at once, or the customer. Otherwise (n + 1)·S̄/c on average, and 10 % and
    90 % of the Erlang distribution of n + 1 departures.
    """
    if counters_open <= 0:
        return None
    left = n_ahead - counters_free
    if left < 0:
        return NO_WAIT
    k, theta = left + 1, service_mean_s / counters_open
    return Wait(mean_s=k * theta, lo_s=erlang_quantile(k, theta, -Z_80), hi_s=erlang_quantile(k, theta, Z_80))


def erlang_quantile(k: float, theta: float, z: float) -> float:
    """Return the quantile of Erlang(k, θ) at the normal quantile `z`, by Wilson and Hilferty: kθ(1 − 1/9k + z/3√k)³."""
    return float(k * theta * (1 - 1 / (9 * k) + z / (3 * k**0.5)) ** 3)


def counted_service_s(service_s: float) -> float:
    """Return how much a service counts for in a mean."""
    return min(max(service_s, 0), SERVICE_S_MAX)


def shrunk_mean_s(prior_s: float, services_s_sum: float, services: int) -> float:
    """Return a mean service time that leans on the prior while few services are known: (m₀S₀ + Σx)/(m₀ + m)."""
    return (PRIOR_WEIGHT * prior_s + services_s_sum) / (PRIOR_WEIGHT + services)


def say_wait(wait: Wait | None) -> str:
    """Return the sentence for the customer."""
    if wait is None:
        return "暂无窗口办理"
    return f"约 {wait.lo_min}–{wait.hi_min} 分钟" if wait.hi_min else "无需等候"
