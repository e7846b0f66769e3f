"""Where a person was, from several fixes, and what that proves about a customer's places (domain-rules.md §1, §2)."""

from collections.abc import Sequence
from math import hypot
from statistics import median

from msgspec import Struct

from backend.domain.visits.rules.datums import Point, to_wgs84
from backend.domain.visits.rules.distances import haversine_m
from backend.domain.visits.rules.rice import probability_inside
from backend.domain.visits.rules.thresholds import Thresholds
from contracts.kinds.visit import Fix
from sync.moments import read_moment

INSIDE, OUTSIDE, UNCERTAIN = "INSIDE", "OUTSIDE", "UNCERTAIN"
NO_REFERENCE, NO_FIX, POOR_FIX = "NO_REFERENCE", "NO_FIX", "POOR_FIX"
BEST_FIRST = (INSIDE, UNCERTAIN, POOR_FIX, OUTSIDE)


class Position(Struct, frozen=True, kw_only=True, gc=False):
    """The position of one event in WGS-84, from the median of its fixes."""

    point: Point
    accuracy_m: float  # as it was told
    is_cached: bool = False  # no fix was current


class Reference(Struct, frozen=True, kw_only=True):
    """A registered place in WGS-84; `accuracy_m` is 0 unless it was itself captured by a receiver."""

    point: Point
    radius_m: float
    accuracy_m: float = 0
    label: str = ""


class Bearing(Struct, frozen=True, kw_only=True):
    """What a position proves about the place that it fits best; the numbers are None where there are none."""

    verdict: str
    distance_m: float | None = None
    accuracy_m: float | None = None  # both accuracies together, as the verdict took them
    probability: float | None = None  # of having been inside
    reference: Reference | None = None


def position_of(fixes: Sequence[Fix], event_wall: str, limits: Thresholds) -> Position | None:
    """Return an event's position: the median of its current fixes, or of all if none is current, or None.

    One tight fix may lie (200 m wrong at 1.9 m claimed), so neither its place nor its accuracy decides alone.
    """
    current = [fix for fix in fixes if is_current(fix, event_wall, limits)]
    chosen = current or list(fixes)
    if not chosen:
        return None
    points = [to_wgs84(Point(fix.lat, fix.lon), fix.datum) for fix in chosen]
    return Position(
        point=Point(median(point.lat for point in points), median(point.lon for point in points)),
        accuracy_m=median(fix.accuracy_m for fix in chosen),
        is_cached=not current,
    )


def is_current(fix: Fix, event_wall: str, limits: Thresholds) -> bool:
    """Say whether a fix tells of the event's moment; both moments are the same wall clock's."""
    taken, event = read_moment(fix.fix_wall_time), read_moment(event_wall)
    if taken is None or event is None:
        return fix.source == "current"
    return (event - taken).total_seconds() <= limits.cached_older_than_s


def judge_position(position: Position | None, references: Sequence[Reference], limits: Thresholds) -> Bearing:
    """Return what a position proves: about the nearest place by verdict, then by probability, then by distance."""
    if position is None:
        return Bearing(verdict=NO_FIX)
    if not references:
        return Bearing(verdict=NO_REFERENCE, accuracy_m=clip(position.accuracy_m, limits))
    return min((_judge_place(position, reference, limits) for reference in references), key=_rank)


def both_accuracies_m(one: Position, other: Position, limits: Thresholds) -> float:
    """Return how far two positions may lie apart by their accuracies alone."""
    return hypot(clip(one.accuracy_m, limits), clip(other.accuracy_m, limits))


def clip(accuracy_m: float, limits: Thresholds) -> float:
    """Return an accuracy as it counts: none is better than 3 m, and none is believed to be worse than a_max."""
    return min(max(accuracy_m, limits.accuracy_min_m), limits.accuracy_max_m)


def _judge_place(position: Position, reference: Reference, limits: Thresholds) -> Bearing:
    distance_m = haversine_m(position.point, reference.point)
    accuracy_m = hypot(clip(position.accuracy_m, limits), reference.accuracy_m)
    return Bearing(
        verdict=_verdict(position, distance_m, accuracy_m, reference.radius_m, limits),
        distance_m=distance_m,
        accuracy_m=accuracy_m,
        probability=probability_inside(distance_m, reference.radius_m, accuracy_m),
        reference=reference,
    )


def _verdict(
    position: Position, distance_m: float, accuracy_m: float, radius_m: float, limits: Thresholds
) -> str:  # fmt: skip
    if position.accuracy_m > limits.accuracy_max_m:
        return POOR_FIX
    if distance_m + accuracy_m <= radius_m:
        return INSIDE
    return OUTSIDE if distance_m - accuracy_m > radius_m else UNCERTAIN


def _rank(bearing: Bearing) -> tuple[int, float, float]:
    assert bearing.probability is not None, "a place was judged"
    assert bearing.distance_m is not None, "a place was judged"
    return BEST_FIRST.index(bearing.verdict), -bearing.probability, bearing.distance_m
