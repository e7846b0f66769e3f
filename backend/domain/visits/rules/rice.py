"""The probability of having been inside a circle, when the receiver says only about where one was (§2)."""

from math import acos, ceil, cos, erf, exp, pi, sin, sqrt

SIGMA_SHARE = 1.51  # Android's accuracy is the 68 % radius: 1 - exp(-a^2 / 2 sigma^2) = .68
SIGMAS_MAX = 9.0  # beyond them lies less than 1e-17
STEP = 0.5  # of sigma on the circle's rim; the trapezoidal error is below exp(-pi^2 / STEP^2)
STEPS_MIN = 48


def probability_inside(distance_m: float, radius_m: float, accuracy_m: float) -> float:
    """Return P(inside) = 1 - Q1(d/sigma, R/sigma), the CDF of the Rice distribution, within 1e-12.

    `distance_m` from the circle's centre, `accuracy_m` > 0 the 68 % radius of the fix.
    """
    sigma_m = accuracy_m / SIGMA_SHARE
    return rice_cdf(radius_m / sigma_m, distance_m / sigma_m)


def rice_cdf(radius: float, distance: float) -> float:
    """Return the mass of the standard normal of the plane, centred `distance` away, in a circle of `radius`.

    Cut into chords across the line between both centres, the mass is an integral over the rim's angle of an even,
    periodic and smooth function: the trapezoidal rule converges on it faster than any power of its step.
    """
    if radius <= 0 or distance - radius > SIGMAS_MAX:
        return 0.0
    if radius - distance > SIGMAS_MAX:
        return 1.0
    first, last = _angle(radius, distance + SIGMAS_MAX), _angle(radius, distance - SIGMAS_MAX)
    steps = max(STEPS_MIN, ceil((last - first) * radius / STEP))
    width = (last - first) / steps
    inner = sum(_chord(radius, distance, first + at * width) for at in range(1, steps))
    ends = (_chord(radius, distance, first) + _chord(radius, distance, last)) / 2
    return min(1.0, max(0.0, (inner + ends) * width))


def _chord(radius: float, distance: float, angle: float) -> float:
    """Return the mass along the chord at `angle`, times how fast chords move there."""
    half = radius * sin(angle)
    along = radius * cos(angle) - distance
    return half * erf(half / sqrt(2)) * exp(-along * along / 2) / sqrt(2 * pi)


def _angle(radius: float, along: float) -> float:
    return acos(min(1.0, max(-1.0, along / radius)))
