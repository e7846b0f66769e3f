"""A tally: counts, sums and histograms of a part of a day, which add up; averages are made of them last."""

from collections.abc import Iterable, Mapping
from math import ceil
from typing import Any

import msgspec
from msgspec import Struct

from contracts.lobby import DayFigures

BIN_S = 30  # a wait of exactly n bins counts to the n-th, so that "at most T" is exact for every T of whole bins

Histogram = dict[int, int]  # bin → how many


class Tally(Struct, kw_only=True, omit_defaults=True):
    """What can be added of a part of a day; every field is a count, a sum or a histogram."""

    issued: int = 0
    called: int = 0
    finished: int = 0
    waits: Histogram = {}  # issue to first call
    waits_s: float = 0
    gone: Histogram = {}  # issue to the end of whoever was never called
    still: Histogram = {}  # issue to now of whoever still waits for a first call
    left: int = 0
    cancelled: int = 0
    no_shows: int = 0  # called, skipped, never returned
    unserved: int = 0  # expired at day end without a call
    services: int = 0
    services_s: float = 0
    inaccurate: int = 0  # services whose end nobody noted
    busy_s: float = 0
    open_s: float = 0
    calls: int = 0
    recalls: int = 0
    transfers: int = 0
    eligible: int = 0
    prefilled: int = 0
    saved_min: float = 0
    told: int = 0
    told_right: int = 0
    identified: int = 0
    approached: int = 0
    recommended: int = 0
    interested: int = 0
    reserved: int = 0
    done: int = 0

    def add(self, **more: Any) -> None:
        """Add to counts, sums and histograms by name."""
        for name, value in more.items():
            mine = getattr(self, name)
            if isinstance(value, dict):
                for bin, count in value.items():
                    mine[bin] = mine.get(bin, 0) + count
            else:
                setattr(self, name, mine + value)

    def merge(self, other: "Tally") -> None:
        """Add another part to this one."""
        self.add(**{name: value for name in self.__struct_fields__ if (value := getattr(other, name))})


FIELDS = frozenset(Tally.__struct_fields__)


def bin_of(seconds: float) -> int:
    """Return the histogram's bin: 0 for no time at all, n for up to n·30 s."""
    return ceil(round(max(seconds, 0), 3) / BIN_S)


def whole(parts: Iterable[Tally]) -> Tally:
    """Return the sum of parts."""
    total = Tally()
    for part in parts:
        total.merge(part)
    return total


def quantile_s(histogram: Mapping[int, int], share: float) -> float | None:
    """Return the wait that `share` of all do not exceed, to within a bin; None of an empty histogram."""
    count = sum(histogram.values())
    least, seen = share * count, 0
    for bin in sorted(histogram):
        before, seen = seen, seen + histogram[bin]
        if seen >= least and histogram[bin]:
            inside = (least - before) / histogram[bin]
            return max(bin - 1 + inside, 0) * BIN_S if bin else 0.0
    return None


def longer_than(histogram: Mapping[int, int], target_s: float) -> int:
    """Return how many waited longer than `target_s`."""
    return sum(count for bin, count in histogram.items() if bin > target_s / BIN_S)


def figures_of(key: str, tally: Tally, target_s: float) -> DayFigures:
    """Return the figures of a part of a day (domain-rules.md §8); a rate with nothing below the line is None."""
    t = tally
    late = sum(longer_than(waits, target_s) for waits in (t.waits, t.gone, t.still))
    undecided = sum(t.still.values()) - longer_than(t.still, target_s)
    plain = {name: getattr(t, name) for name in DayFigures.__struct_fields__ if name in FIELDS}
    return msgspec.structs.replace(
        DayFigures(key=key, **plain),
        wait_mean_s=_rate(t.waits_s, sum(t.waits.values()), 1),
        wait_median_s=quantile_s(t.waits, 0.5),
        wait_p90_s=quantile_s(t.waits, 0.9),
        service_level=_rate(t.issued - undecided - late, t.issued - undecided),
        abandonment=_rate(t.left + t.no_shows + t.cancelled, t.issued),
        still_waiting=sum(t.still.values()),
        service_mean_s=_rate(t.services_s, t.services, 1),
        occupancy=_rate(t.busy_s, t.open_s),
        recall_rate=_rate(t.recalls, t.calls),
        prefill_rate=_rate(t.prefilled, t.eligible),
        coverage=_rate(t.told_right, t.told),
        busy_s=round(t.busy_s, 1),
        open_s=round(t.open_s, 1),
    )


def _rate(above: float, below: float, digits: int = 4) -> float | None:
    return round(above / below, digits) if below else None
