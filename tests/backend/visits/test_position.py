"""What several fixes prove about a customer's places."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.domain.visits.rules.datums import BD09, GCJ02, Point, from_wgs84
from backend.domain.visits.rules.distances import haversine_m
from backend.domain.visits.rules.position import Position, Reference, judge_position, position_of
from backend.domain.visits.rules.thresholds import Thresholds
from contracts.kinds.visit import Fix

LIMITS = Thresholds()
SHOP = Point(26.0745, 119.2965)
WALL = "2026-11-20T10:00:00+08:00"
M_PER_DEGREE = 111_195.0


def place(fixes):
    """Return the position of fixes that are there."""
    position = position_of(fixes, WALL, LIMITS)
    assert position is not None
    return position


def fix(north_m=0.0, accuracy_m=10.0, at=WALL, **told):
    point = {"lat": SHOP.lat + north_m / M_PER_DEGREE, "lon": SHOP.lon}
    return Fix(**{**point, "accuracy_m": accuracy_m, "fix_wall_time": at, **told})


def verdict(north_m, accuracy_m, radius_m=300.0, reference_m=0.0):
    return judge(north_m, accuracy_m, radius_m, reference_m).verdict


def judge(north_m, accuracy_m, radius_m=300.0, reference_m=0.0):
    position = position_of([fix(north_m, accuracy_m)], WALL, LIMITS)
    return judge_position(position, [Reference(point=SHOP, radius_m=radius_m, accuracy_m=reference_m)], LIMITS)


@pytest.mark.parametrize(
    ("north_m", "accuracy_m", "expected"),
    [
        (0, 10, "INSIDE"), (289, 10, "INSIDE"), (295, 10, "UNCERTAIN"), (305, 10, "UNCERTAIN"), (311, 10, "OUTSIDE"),
        (0, 200, "INSIDE"), (150, 200, "UNCERTAIN"), (0, 201, "POOR_FIX"), (90_000, 5000, "POOR_FIX"),
        (298, 0.1, "UNCERTAIN"),  # no receiver is better than 3 m
    ],
)  # fmt: skip
def test_distance_and_accuracy_decide_together(north_m, accuracy_m, expected):
    assert verdict(north_m, accuracy_m) == expected


def test_both_accuracies_count_when_the_place_was_captured_by_a_receiver():
    assert verdict(260, 30) == "INSIDE"
    assert verdict(260, 30, reference_m=40) == "UNCERTAIN"
    assert judge(260, 30, reference_m=40).accuracy_m == pytest.approx(50)


def test_without_places_or_fixes_nothing_is_proven():
    position = position_of([fix()], WALL, LIMITS)
    assert judge_position(position, [], LIMITS).verdict == "NO_REFERENCE"
    assert judge_position(None, [Reference(point=SHOP, radius_m=300)], LIMITS).verdict == "NO_FIX"
    assert position_of([], WALL, LIMITS) is None


def test_of_several_places_the_one_that_fits_best_counts():
    works = Reference(point=Point(SHOP.lat + 1000 / M_PER_DEGREE, SHOP.lon), radius_m=900, label="works")
    home = Reference(point=SHOP, radius_m=50, label="home")
    best = judge_position(position_of([fix(200)], WALL, LIMITS), [home, works], LIMITS)
    assert (best.verdict, best.reference) == ("INSIDE", works)  # although home is nearer


def test_one_tight_fix_that_lies_moves_nothing():
    honest = [fix(north_m, 12) for north_m in (-4, 0, 3, 5)]
    position = place([*honest, fix(200, 1.9)])
    assert haversine_m(position.point, SHOP) < 6
    assert position.accuracy_m == 12


@pytest.mark.parametrize("datum", [GCJ02, BD09])
def test_a_fix_is_compared_in_the_datum_of_the_place(datum):
    told = from_wgs84(SHOP, datum)
    position = place([fix(lat=told.lat, lon=told.lon, datum=datum)])
    assert haversine_m(position.point, SHOP) < 0.01


def test_a_cached_fix_counts_only_where_there_is_no_current_one():
    old = fix(900, at="2026-11-20T09:58:59+08:00", source="cached")
    assert place([old, fix()]) == place([fix()])
    assert place([old]).is_cached
    assert not place([fix(at="2026-11-20T09:59:30+08:00", source="cached")]).is_cached


RANKS = {"INSIDE": 0, "UNCERTAIN": 1, "OUTSIDE": 2}
metres = st.floats(0, 5000)


@given(metres, metres, st.floats(0, 200), st.floats(1, 5000))
def test_further_away_is_never_more_inside(north_m, more_m, accuracy_m, radius_m):
    near, far = judge(north_m, accuracy_m, radius_m), judge(north_m + more_m, accuracy_m, radius_m)
    assert RANKS[far.verdict] >= RANKS[near.verdict]
    assert far.probability <= near.probability + 1e-12


@given(metres, st.floats(0, 200), st.floats(0, 200), st.floats(1, 5000))
def test_a_worse_fix_never_proves_more(north_m, accuracy_m, worse_m, radius_m):
    worse = min(accuracy_m + worse_m, LIMITS.accuracy_max_m)
    before, after = verdict(north_m, accuracy_m, radius_m), verdict(north_m, worse, radius_m)
    assert after in (before, "UNCERTAIN")


@given(st.permutations([fix(-4, 8), fix(3, 20), fix(9, 12), fix(1, 5)]))
def test_the_order_of_fixes_does_not_matter(fixes):
    expected = Position(point=Point(SHOP.lat + 2 / M_PER_DEGREE, SHOP.lon), accuracy_m=10)
    position = place(fixes)
    assert haversine_m(position.point, expected.point) < 1e-6
    assert position.accuracy_m == expected.accuracy_m
