"""Datums: what a coordinate means, and how one datum's numbers become another's (domain-rules.md §5)."""

from collections.abc import Callable
from math import atan2, cos, pi, radians, sin, sqrt
from typing import NamedTuple

WGS84, GCJ02, BD09 = "WGS84", "GCJ02", "BD09"

STOP_DEG = 1e-9
ROUNDS_MAX = 30

# The published formula's ellipsoid (Krasovsky 1940) and its test for China: a rectangle, which shifts neighbours too.
SEMI_MAJOR_M = 6_378_245.0
ECCENTRICITY_SQUARED = 0.006_693_421_622_965_943
LON_MIN, LON_MAX = 72.004, 137.8347
LAT_MIN, LAT_MAX = 0.8293, 55.8271
BAIDU_TURN = pi * 3000 / 180
BAIDU_LAT, BAIDU_LON = 0.006, 0.0065


class Point(NamedTuple):
    """A coordinate in degrees; which datum it is in, the caller knows."""

    lat: float
    lon: float


Conversion = Callable[[Point], Point]


def is_shifted(point: Point) -> bool:
    """Say whether the point lies in the rectangle in which GCJ-02 differs from WGS-84."""
    return LON_MIN <= point.lon <= LON_MAX and LAT_MIN <= point.lat <= LAT_MAX


def to_wgs84(point: Point, datum: str) -> Point:
    """Return the WGS-84 coordinate of a point that is tagged with `datum`; within 1 cm over mainland China."""
    if datum == WGS84:
        return point
    return gcj02_to_wgs84(point if datum == GCJ02 else bd09_to_gcj02(point))


def from_wgs84(point: Point, datum: str) -> Point:
    """Return a WGS-84 point as `datum` writes it: GCJ-02 for AMap and Tencent, BD-09 for Baidu."""
    if datum == WGS84:
        return point
    shifted = wgs84_to_gcj02(point)
    return shifted if datum == GCJ02 else gcj02_to_bd09(shifted)


def wgs84_to_gcj02(point: Point) -> Point:
    """Return the GCJ-02 coordinate; outside of the rectangle both are the same."""
    if not is_shifted(point):
        return point
    x, y = point.lon - 105.0, point.lat - 35.0
    slope = radians(point.lat)
    magic = 1 - ECCENTRICITY_SQUARED * sin(slope) ** 2
    meridian_m = SEMI_MAJOR_M * (1 - ECCENTRICITY_SQUARED) / (magic * sqrt(magic))
    parallel_m = SEMI_MAJOR_M / sqrt(magic) * cos(slope)
    north_m, east_m = _shift_north_m(x, y), _shift_east_m(x, y)
    return Point(point.lat + north_m * 180 / (meridian_m * pi), point.lon + east_m * 180 / (parallel_m * pi))


def gcj02_to_bd09(point: Point) -> Point:
    """Return the BD-09 coordinate of a GCJ-02 one."""
    radius = sqrt(point.lon**2 + point.lat**2) + 0.00002 * sin(point.lat * BAIDU_TURN)
    angle = atan2(point.lat, point.lon) + 0.000003 * cos(point.lon * BAIDU_TURN)
    return Point(radius * sin(angle) + BAIDU_LAT, radius * cos(angle) + BAIDU_LON)


def gcj02_to_wgs84(point: Point) -> Point:
    """Return the WGS-84 coordinate whose GCJ-02 one this is."""
    return _invert(wgs84_to_gcj02, point) if is_shifted(point) else point


def bd09_to_gcj02(point: Point) -> Point:
    """Return the GCJ-02 coordinate whose BD-09 one this is."""
    return _invert(gcj02_to_bd09, point)


def _invert(forward: Conversion, wanted: Point) -> Point:
    """Return where `forward` leads to `wanted`: a fixed point, because the shift changes slowly."""
    guess = wanted
    for _ in range(ROUNDS_MAX):
        reached = forward(guess)
        off = Point(reached.lat - wanted.lat, reached.lon - wanted.lon)
        guess = Point(guess.lat - off.lat, guess.lon - off.lon)
        if abs(off.lat) < STOP_DEG and abs(off.lon) < STOP_DEG:
            break
    return guess


def _shift_north_m(x: float, y: float) -> float:
    shift = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * sqrt(abs(x))
    return shift + _ripple(x) + _waves(y, ((20, 1), (40, 1 / 3), (160, 1 / 12), (320, 1 / 30)))


def _shift_east_m(x: float, y: float) -> float:
    shift = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * sqrt(abs(x))
    return shift + _ripple(x) + _waves(x, ((20, 1), (40, 1 / 3), (150, 1 / 12), (300, 1 / 30)))


def _ripple(x: float) -> float:
    return (20 * sin(6 * pi * x) + 20 * sin(2 * pi * x)) * 2 / 3


def _waves(at: float, waves: tuple[tuple[float, float], ...]) -> float:
    return sum(height * sin(pi * at * turns) for height, turns in waves) * 2 / 3
