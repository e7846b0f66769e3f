"""How long a customer will wait, as an interval, and how fast a series is served (domain-rules.md §8)."""

from bisect import bisect_left
from collections.abc import Collection, Iterable
from math import ceil, floor

from msgspec import Struct

from contracts.kinds.counter import Counter
from contracts.kinds.ticket import Ticket

PRIOR_WEIGHT = 10  # services that the prior mean counts for: m₀
SERVICE_S_MAX = 3600  # no single service counts for more in a mean, so that one odd customer moves it little
Z_80 = 1.2815515655446004  # 10 % below, 10 % above; the golden values of §15 hold with all these digits
WAITING = frozenset({"waiting", "transferred", "returned"})
AT_COUNTER = frozenset({"called", "recalled", "serving"})
MIN_S = 60


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


class Queued(Struct, frozen=True, kw_only=True):
    """A ticket in the line, as far as its place depends on it."""

    id: str
    series: str
    for_counter: str | None = None
    priority: int = 0
    since: str = ""  # issue; a transferred customer keeps it

    @property
    def place(self) -> tuple[int, str, str]:
        """What the line is ordered by: priority first, then who came first."""
        return -self.priority, self.since, self.id


Sort = tuple[str, str | None]  # what decides which counters call a ticket


def sort_of(one: Queued) -> Sort:
    """Return what decides which counters call a ticket."""
    return one.series, one.for_counter


def queued(id: str, ticket: Ticket) -> Queued:
    """Return where a waiting ticket stands: a transfer names another series or counter."""
    return Queued(
        id=id, series=ticket.for_series or ticket.series, for_counter=ticket.for_counter,
        priority=ticket.priority, since=ticket.issued_at,
    )  # fmt: skip


def open_counters(counters: Iterable[Counter]) -> list[Counter]:
    """Return the counters that are open, by number."""
    return sorted((one for one in counters if one.state == "open"), key=lambda one: one.counter_no)


class Line:
    """Who waits at a branch, and which open counters would call them; made once, asked often."""

    def __init__(self, waiting: Iterable[Queued], counters: Iterable[Counter]) -> None:
        self.waiting = sorted(waiting, key=lambda one: one.place)
        self._open = open_counters(counters)
        self._places: dict[Sort, list[tuple[int, str, str]]] = {}
        for one in self.waiting:
            self._places.setdefault(sort_of(one), []).append(one.place)
        self._counters = {sort: self._find_counters(*sort) for sort in self._places}

    def counters_for(self, one: Queued) -> frozenset[str]:
        """Return the numbers of the open counters that would call this ticket; one without series calls all."""
        known = self._counters.get(sort_of(one))
        return self._find_counters(*sort_of(one)) if known is None else known

    def ahead_of(self, one: Queued) -> int:
        """Return how many are called before `one` by the counters that it waits for.

        Whoever is ahead and may be called elsewhere too counts for the share of their counters that are shared; the
        sum is rounded up. A higher priority that comes later is not foreseen: with priorities the estimate is low.
        """
        mine, ahead = self.counters_for(one), 0.0
        for sort, places in self._places.items():
            theirs = self._counters[sort]
            if theirs:
                ahead += bisect_left(places, one.place) * len(mine & theirs) / len(theirs)
        return ceil(round(ahead, 6))

    def wait_of(self, one: Queued, busy: Collection[str], service_mean_s: float) -> Wait | None:
        """Return the wait of one in the line, or of one not yet in it; `busy` are counters with a customer."""
        mine = self.counters_for(one)
        return estimate_wait(self.ahead_of(one), len(mine), len(mine - set(busy)), service_mean_s)

    def _find_counters(self, series: str, for_counter: str | None) -> frozenset[str]:
        return frozenset(
            counter.counter_no
            for counter in self._open
            if (not counter.series or series in counter.series) and for_counter in (None, counter.counter_no)
        )


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
