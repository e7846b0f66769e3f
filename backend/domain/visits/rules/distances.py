"""Distances between two points of one datum: fast for fences, exact for what is shown (domain-rules.md §5)."""

from math import asin, cos, radians, sin, sqrt

from geopy.distance import geodesic

from backend.domain.visits.rules.datums import Point

EARTH_RADIUS_M = 6_371_008.8  # mean radius; at most 0.44 % from the geodesic


def haversine_m(one: Point, other: Point) -> float:
    """Return the metres between two points on a sphere: what fences and speeds are judged by."""
    lat, other_lat = radians(one.lat), radians(other.lat)
    half_north = sin((other_lat - lat) / 2)
    half_east = sin(radians(other.lon - one.lon) / 2)
    chord = half_north**2 + cos(lat) * cos(other_lat) * half_east**2
    return 2 * EARTH_RADIUS_M * asin(sqrt(min(1.0, chord)))


def geodesic_m(one: Point, other: Point) -> float:
    """Return the metres between two WGS-84 points on the ellipsoid: for a figure that a person reads."""
    return float(geodesic((one.lat, one.lon), (other.lat, other.lon)).meters)
