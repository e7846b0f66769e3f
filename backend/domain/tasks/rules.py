"""Planning a day: the order of its visits (near things together, within opening hours), and hours that clash."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import lru_cache

from geopy.distance import great_circle
from msgspec import Struct

SPEED_KM_H = 30.0  # over village roads, stops at junctions included
STOPS_MAX = 25
ROUNDS_MAX = 100


class Stop(Struct, frozen=True, kw_only=True):
    """One visit to make: where, for how long, and between which minutes of the day somebody is there."""

    id: str
    lat: float
    lon: float
    stay_min: float = 20
    opens_min: float = 0
    closes_min: float = 24 * 60


class Leg(Struct, frozen=True, kw_only=True):
    """One stop on the way: when one arrives, when the visit begins (one may have to wait), and how far it was."""

    id: str
    arrives_min: float
    begins_min: float
    is_late: bool  # nobody is there any more
    distance_m: float


class Route(Struct, frozen=True, kw_only=True):
    """A suggested order; nothing forces anybody to keep to it."""

    legs: list[Leg]
    distance_m: float
    late: int


class Hours(Struct, frozen=True, kw_only=True):
    """From when to when some people are busy."""

    id: str
    people: frozenset[str]
    starts_at: datetime
    ends_at: datetime


def clashing(one: Hours, others: Sequence[Hours]) -> Iterator[tuple[Hours, frozenset[str]]]:
    """Yield those hours that overlap with `one` and the people of both (003-06); hours that only touch do not."""
    for other in others:
        both = one.people & other.people
        if both and other.id != one.id and one.starts_at < other.ends_at and other.starts_at < one.ends_at:
            yield other, both


Point = tuple[float, float]


def suggest_route(start: Point, stops: Sequence[Stop], *, at_min: float, speed_km_h: float = SPEED_KM_H) -> Route:
    """Return the stops in an order that is late as seldom and as short as simple means find (issue 4, plan).

    `start` is (lat, lon); `at_min` the minute of the day at which one sets out. Distances are great circles: they
    order stops as roads do, and are shorter. At most STOPS_MAX stops; the same stops give the same route.
    """
    assert len(stops) <= STOPS_MAX, "a day has no time for so many"
    order = _improve(start, _nearest_first(start, sorted(stops, key=lambda stop: stop.id)), at_min, speed_km_h)
    return walk(start, order, at_min=at_min, speed_km_h=speed_km_h)


def walk(start: Point, order: Sequence[Stop], *, at_min: float, speed_km_h: float = SPEED_KM_H) -> Route:
    """Return what an order of stops comes to."""
    legs: list[Leg] = []
    here, minute = start, at_min
    for stop in order:
        there = (stop.lat, stop.lon)
        distance_m = _apart_m(here, there)
        arrives = minute + distance_m / 1000 / speed_km_h * 60
        begins = max(arrives, stop.opens_min)
        is_late = begins + stop.stay_min > stop.closes_min
        legs.append(
            Leg(id=stop.id, arrives_min=arrives, begins_min=begins, is_late=is_late, distance_m=distance_m)
        )  # fmt: skip
        here, minute = there, begins + stop.stay_min
    return Route(legs=legs, distance_m=sum(leg.distance_m for leg in legs), late=sum(leg.is_late for leg in legs))


@lru_cache(maxsize=4_096)
def _apart_m(here: Point, there: Point) -> float:
    return float(great_circle(here, there).meters)  # 2-opt asks for the same ones thousands of times


def _nearest_first(start: Point, stops: Sequence[Stop]) -> list[Stop]:
    left, order, here = list(stops), [], start
    while left:
        nearest = min(left, key=lambda stop: _apart_m(here, (stop.lat, stop.lon)))
        left.remove(nearest)
        order.append(nearest)
        here = (nearest.lat, nearest.lon)
    return order


def _improve(start: Point, order: list[Stop], at_min: float, speed_km_h: float) -> list[Stop]:
    """Turn stretches of the way round, and move single stops, as long as that makes it better."""

    def cost(of: Sequence[Stop]) -> tuple[int, float]:
        route = walk(start, of, at_min=at_min, speed_km_h=speed_km_h)
        return route.late, round(route.distance_m, 3)

    best = cost(order)
    for _ in range(ROUNDS_MAX):
        found = min(((cost(other), at, other) for at, other in enumerate(_neighbours(order))), default=None)
        if found is None or found[0] >= best:
            return order
        best, _, order = found
    return order


def _neighbours(order: list[Stop]) -> list[list[Stop]]:
    count = len(order)
    turned = [
        order[:left] + order[left : right + 1][::-1] + order[right + 1 :]
        for left in range(count)
        for right in range(left + 1, count)
    ]
    moved = [
        [*(rest := order[:place] + order[place + 1 :])[:to], order[place], *rest[to:]]
        for place in range(count)
        for to in range(count)
        if to != place
    ]
    return turned + moved
