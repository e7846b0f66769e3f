"""Datums and distances: golden values of domain-rules.md §15, round trips, and what lies outside of China."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.domain.visits.rules.datums import (
    BD09,
    GCJ02,
    WGS84,
    Point,
    from_wgs84,
    gcj02_to_bd09,
    is_shifted,
    to_wgs84,
    wgs84_to_gcj02,
)
from backend.domain.visits.rules.distances import geodesic_m, haversine_m

GOLDEN = [
    (Point(26.0745, 119.2965), Point(26.0713979, 119.3012999), Point(26.0775596, 119.3077849), 590.6),
    (Point(22.8054, 113.2936), Point(22.8026201, 113.2989424), Point(22.8088067, 113.3054076), 628.8),
]
DATUMS = (WGS84, GCJ02, BD09)
CM_M = 0.01
mainland = st.builds(Point, st.floats(18, 53.6), st.floats(73.5, 135.1))


def is_near(one: Point, other: Point, tolerance_deg: float) -> bool:
    return abs(one.lat - other.lat) <= tolerance_deg and abs(one.lon - other.lon) <= tolerance_deg


@pytest.mark.parametrize(("wgs", "gcj", "bd", "shift_m"), GOLDEN)
def test_the_golden_values_are_reproduced(wgs, gcj, bd, shift_m):
    assert is_near(wgs84_to_gcj02(wgs), gcj, 1e-6)
    assert is_near(gcj02_to_bd09(gcj), bd, 1e-6)
    assert is_near(from_wgs84(wgs, BD09), bd, 1e-6)
    assert is_near(to_wgs84(bd, BD09), wgs, 1e-6)
    assert haversine_m(wgs, wgs84_to_gcj02(wgs)) == pytest.approx(shift_m, abs=0.1)


@given(mainland, st.sampled_from(DATUMS))
def test_a_point_comes_back_within_a_centimetre(point, datum):
    assert haversine_m(to_wgs84(from_wgs84(point, datum), datum), point) < CM_M


@pytest.mark.parametrize("datum", [GCJ02, BD09])
def test_every_corner_of_the_mainland_comes_back_within_a_centimetre(datum):
    grid = [Point(18 + step * 0.79, 73.6 + other * 1.03) for step in range(45) for other in range(60)]
    worst_m = max(haversine_m(to_wgs84(from_wgs84(point, datum), datum), point) for point in grid)
    assert worst_m < CM_M


@given(mainland)
def test_the_shift_is_as_large_as_it_was_measured(point):
    assert 30 < haversine_m(point, wgs84_to_gcj02(point)) < 800


@pytest.mark.parametrize("point", [Point(51.5, -0.1), Point(0.5, 100.0), Point(40, 138), Point(56, 100)])
def test_outside_of_the_rectangle_nothing_is_shifted(point):
    assert not is_shifted(point)
    assert from_wgs84(point, GCJ02) == to_wgs84(point, GCJ02) == point


@given(mainland, st.floats(-0.01, 0.01), st.floats(-0.01, 0.01))
def test_two_near_points_are_about_as_far_apart_in_either_datum(point, north, east):
    other = Point(point.lat + north, point.lon + east)
    apart_m = haversine_m(point, other)
    assert haversine_m(wgs84_to_gcj02(point), wgs84_to_gcj02(other)) == pytest.approx(apart_m, rel=0.006, abs=0.01)


@given(mainland, mainland)
def test_the_sphere_is_near_the_ellipsoid(one, other):
    assert haversine_m(one, other) == pytest.approx(geodesic_m(one, other), rel=0.0057, abs=0.01)
