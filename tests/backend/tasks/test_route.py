"""The suggested order of a day's visits."""

from itertools import permutations

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.domain.handoffs.ways import suggest_way
from backend.domain.tasks.rules import Stop, suggest_route, walk
from contracts.kinds.customer import Place

TOWN = (25.0, 117.0)
NINE = 9 * 60


def stop(id, east_km=0.0, north_km=0.0, **told):
    return Stop(id=id, lat=TOWN[0] + north_km / 111.2, lon=TOWN[1] + east_km / 100.8, **told)


some_stops = st.lists(
    st.tuples(st.integers(-20, 20), st.integers(-20, 20)), max_size=5, unique=True
).map(lambda places: [stop(f"s{at}", *place) for at, place in enumerate(places)])  # fmt: skip


def ids(route):
    return [leg.id for leg in route.legs]


@given(some_stops)
@settings(max_examples=40, deadline=None)
def test_every_stop_is_visited_once_and_few_orders_are_shorter(stops):
    route = suggest_route(TOWN, stops, at_min=NINE)
    assert sorted(ids(route)) == sorted(stop.id for stop in stops)
    best = min(walk(TOWN, order, at_min=NINE).distance_m for order in permutations(stops)) if stops else 0
    assert best <= route.distance_m + 1e-6
    assert route.distance_m <= best * 1.1 + 1e-6


@given(some_stops, st.randoms(use_true_random=False))
@settings(max_examples=30, deadline=None)
def test_the_order_in_which_stops_are_named_does_not_matter(stops, random):
    shuffled = list(stops)
    random.shuffle(shuffled)
    assert suggest_route(TOWN, shuffled, at_min=NINE) == suggest_route(TOWN, stops, at_min=NINE)


def test_stops_in_a_row_are_taken_in_a_row():
    route = suggest_route(TOWN, [stop("c", 9), stop("a", 3), stop("b", 6)], at_min=NINE)
    assert ids(route) == ["a", "b", "c"]
    assert 8_900 < route.distance_m < 9_100


def test_who_closes_early_is_visited_first_though_it_is_farther():
    early = stop("early", 10, closes_min=NINE + 45)
    assert ids(suggest_route(TOWN, [stop("near", 1), early], at_min=NINE))[0] == "early"


def test_one_waits_for_a_door_that_opens_later():
    (leg,) = suggest_route(TOWN, [stop("late", 1, opens_min=10 * 60)], at_min=NINE).legs
    assert (leg.begins_min, leg.is_late) == (600, False)


def test_a_closed_door_is_told_and_not_hidden():
    route = suggest_route(TOWN, [stop("gone", 30, closes_min=NINE + 10)], at_min=NINE)
    assert (route.late, route.legs[0].is_late) == (1, True)


def test_a_tablet_orders_its_customers_from_their_places_alone():
    market = {"label": "店", "lat": 26.10, "lon": 119.30, "opens_min": 600, "closes_min": 1080}
    farm = {"label": "家", "lat": 26.20, "lon": 119.30}
    early = {"label": "厂", "lat": 26.30, "lon": 119.30, "closes_min": 615}
    held = {"market": [market], "farm": [farm, market], "nowhere": [], "early": [early]}
    wanted = {id: msgspec.convert(places, list[Place]) for id, places in held.items()}
    way = suggest_way((26.08, 119.30), wanted, at_min=NINE)
    assert [leg.id for leg in way.legs] == ["early", "farm", "market"]
    assert way.late == 0
    assert way.legs[-1].begins_min >= 600
    assert [leg.id for leg in suggest_way((26.08, 119.30), wanted, at_min=NINE, stops_max=1).legs] == ["market"]


def test_a_place_told_in_another_datum_is_where_it_is():
    told = [Place(label="店", lat=26.0745, lon=119.2965, datum="GCJ02")]
    (leg,) = suggest_way((26.0745, 119.2965), {"a": told}, at_min=NINE).legs
    assert 300 < leg.distance_m < 800
