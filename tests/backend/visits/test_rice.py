"""The probability of having been inside, against a slow and independent integration."""

from math import exp, pi, sqrt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.domain.visits.rules.rice import probability_inside, rice_cdf

EQUAL = 1e-9
NOISE = 1e-12


def slow_rice_cdf(radius: float, distance: float, rings: int = 1600, spokes: int = 300) -> float:
    """Integrate the plane's normal density over the circle itself, ring by ring, by Simpson's rule."""
    width = radius / rings
    weights = [1, *(4 if ring % 2 else 2 for ring in range(1, rings)), 1]
    cosines = [cosine_of(spoke / spokes) for spoke in range(spokes)]
    total = sum(weight * ring(at * width, distance, cosines) for at, weight in enumerate(weights))
    return total * width / 3


def ring(r: float, distance: float, cosines: list[float]) -> float:
    mean = sum(exp(-(r * r + distance * distance - 2 * r * distance * cosine) / 2) for cosine in cosines)
    return r * mean / len(cosines)


def cosine_of(turn: float) -> float:
    """Return the cosine of a part of a full turn, by its own series."""
    x, term, total = 2 * pi * turn - pi, 1.0, 1.0
    for n in range(1, 30):
        term *= -x * x / ((2 * n - 1) * (2 * n))
        total += term
    return -total


@pytest.mark.parametrize(
    ("radius", "distance"),
    [(0.1, 0), (0.1, 3), (1, 0), (1, 1), (1, 4), (3, 2.5), (6, 0), (6, 6), (6, 9), (14, 13.5), (14, 20)],
)
def test_it_agrees_with_the_slow_integration(radius, distance):
    assert rice_cdf(radius, distance) == pytest.approx(slow_rice_cdf(radius, distance), abs=EQUAL)


@given(st.floats(0.01, 40))
def test_at_the_centre_it_is_the_rayleigh_distribution(radius):
    assert rice_cdf(radius, 0) == pytest.approx(1 - exp(-radius * radius / 2), abs=NOISE)


@pytest.mark.parametrize("large", [50, 500, 5000, 50_000])
def test_a_large_circle_is_nearly_a_half_plane(large):
    assert rice_cdf(large, large) == pytest.approx(0.5 - 1 / (2 * sqrt(2 * pi) * large), abs=1 / large**2)


@given(st.floats(0, 100), st.floats(0, 100), st.floats(0, 5))
@settings(deadline=None)
def test_it_never_grows_with_distance_nor_shrinks_with_the_radius(radius, distance, more):
    assert rice_cdf(radius, distance + more) <= rice_cdf(radius, distance) + NOISE
    assert rice_cdf(radius + more, distance) >= rice_cdf(radius, distance) - NOISE


@given(st.floats(0, 1e7), st.floats(1, 5000), st.floats(3, 300))
@settings(deadline=None)
def test_it_is_a_probability_whatever_the_fix(distance_m, radius_m, accuracy_m):
    assert 0 <= probability_inside(distance_m, radius_m, accuracy_m) <= 1


@given(st.floats(0, 300), st.floats(3, 300), st.floats(0, 300))
def test_within_the_radius_a_worse_fix_proves_less(distance_m, accuracy_m, worse_m):
    assert (
        probability_inside(distance_m, 300, accuracy_m + worse_m)
        <= probability_inside(distance_m, 300, accuracy_m) + NOISE
    )


@given(st.floats(1, 2000), st.floats(0, 2000), st.floats(3, 300))
def test_from_outside_of_the_radius_it_is_less_likely_than_not(radius_m, beyond_m, accuracy_m):
    assert probability_inside(radius_m + beyond_m, radius_m, accuracy_m) < 0.5


def test_the_accuracy_is_the_radius_of_68_percent():
    assert probability_inside(0, 20, 20) == pytest.approx(0.68, abs=0.001)
