"""Where customers' places meet a day's plan: the order of visits, by the server or by a tablet with no line."""

from collections.abc import Mapping, Sequence

from backend.domain.tasks.rules import STOPS_MAX, Route, Stop, suggest_route
from backend.domain.visits.rules.datums import Point, to_wgs84
from contracts.kinds.customer import Place


def suggest_way(
    start: tuple[float, float], wanted: Mapping[str, Sequence[Place]], *, at_min: float, stops_max: int = STOPS_MAX
) -> Route:
    """Return an order in which to visit customers, each at the first of their places, between its opening hours.

    `wanted`: customer id → places, the most urgent first; those without a place, and those beyond `stops_max`, are
    left out. `start` is (lat, lon) in WGS-84, `at_min` the minute of the day at which one sets out. It needs nothing
    but what a tablet holds: a client author copies it.
    """
    stops = [_stop(id, places[0]) for id, places in wanted.items() if places]
    return suggest_route(start, stops[:stops_max], at_min=at_min)


def _stop(id: str, place: Place) -> Stop:
    point = to_wgs84(Point(place.lat, place.lon), place.datum)
    return Stop(id=id, lat=point.lat, lon=point.lon, opens_min=place.opens_min, closes_min=place.closes_min)
