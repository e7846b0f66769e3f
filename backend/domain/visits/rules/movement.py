"""What a person's movements show: too fast, in two places, never moving, moved away (domain-rules.md §3)."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence

from backend.domain.visits.rules.corrections import is_true
from backend.domain.visits.rules.distances import haversine_m
from backend.domain.visits.rules.facts import Event, Neighbours, Trace, VisitFacts
from backend.domain.visits.rules.oddity import Oddity
from backend.domain.visits.rules.position import Bearing, both_accuracies_m
from backend.domain.visits.rules.thresholds import Thresholds
from backend.domain.visits.rules.time import seconds_between
from sync.moments import shift_moment

KM_H = 3.6  # of one metre a second
SPEED_SHOWN_MAX = 99_999


def judge_movement(facts: VisitFacts, bearing: Bearing, around: Neighbours, limits: Thresholds) -> Iterator[Oddity]:
    """Yield what is odd about where and when a person was, seen beside their other visits."""
    mine = facts.trace
    others = [other for other in around.person if other.root != mine.root]
    yield from _judge_speed(mine, others, limits)
    yield from (
        Oddity("overlap", other=other.id)
        for other in others
        if mine.check_in.at < other.until_at and other.check_in.at < mine.until_at
    )
    yield from _judge_identical(mine, others, limits)
    yield from _judge_burst(mine, others, limits)
    yield from _judge_moved(mine, bearing, limits)
    yield from _judge_correction(mine, around.person, limits)
    if mine.check_in.position is not None and mine.check_in.position.is_cached:
        yield Oddity("cached_fix")


def _judge_speed(mine: Trace, others: Sequence[Trace], limits: Thresholds) -> Iterator[Oddity]:
    """Compare each event with the person's event before it."""
    for at, event in enumerate(mine.events):
        found = _event_before(event, at, mine, others)
        if found is None or event.position is None:
            continue
        before, other = found
        if (speed := _speed_km_h(before, event)) > limits.speed_max_km_h:
            args = {"distance_m": round(_apart_m(before, event)), "speed_km_h": round(min(speed, SPEED_SHOWN_MAX))}
            yield Oddity("impossible_speed", args, other.id if other is not mine else None)


def _event_before(event: Event, place: int, mine: Trace, others: Sequence[Trace]) -> tuple[Event, Trace] | None:
    """Return the last event with a position before one of `mine`, ordered by moment, then by visit, then by place."""
    own = event.at, mine.place_in_order, place
    last: tuple[Event, Trace] | None = None
    last_key = ("", ("", "", 0), 0)
    for trace in (mine, *others):
        for at, earlier in enumerate((trace.check_in, trace.check_out)):
            if earlier is None or earlier.position is None or not last_key[0] <= earlier.at <= event.at:
                continue
            key = earlier.at, trace.place_in_order, at
            if last_key < key < own:
                last, last_key = (earlier, trace), key
    return last


def _speed_km_h(before: Event, after: Event) -> float:
    """Return the least speed that explains two positions; endless if no time lies between them."""
    assert before.position is not None, "events without a position were left out"
    assert after.position is not None, "events without a position were left out"
    way_m = max(0.0, _apart_m(before, after) - before.position.accuracy_m - after.position.accuracy_m)
    took_s = seconds_between(before.at, after.at)
    if way_m == 0:
        return 0
    return way_m / took_s * KM_H if took_s > 0 else float("inf")


def _apart_m(one: Event, other: Event) -> float:
    assert one.position is not None, "events without a position were left out"
    assert other.position is not None, "events without a position were left out"
    return haversine_m(one.position.point, other.position.point)


def _judge_identical(mine: Trace, others: Sequence[Trace], limits: Thresholds) -> Iterator[Oddity]:
    """Compare with earlier events: whoever repeats a coordinate is odd, not who was there first."""
    known = frozenset().union(*(event.coordinates for event in mine.events))
    for other in (mine, *others) if known else ():
        if known.isdisjoint(other.check_in.coordinates) and (
            other.check_out is None or known.isdisjoint(other.check_out.coordinates)
        ):
            continue
        if any(_is_repeated(event, earlier, limits) for event in mine.events for earlier in other.events):
            yield Oddity("identical_fix", other=other.id if other is not mine else None)


def _is_repeated(event: Event, earlier: Event, limits: Thresholds) -> bool:
    if event.coordinates.isdisjoint(earlier.coordinates):
        return False
    return seconds_between(earlier.at, event.at) >= limits.identical_apart_min_s


def _judge_burst(mine: Trace, others: Sequence[Trace], limits: Thresholds) -> Iterator[Oddity]:
    """Count the visits in the fullest stretch of `burst_s` that holds this one; a correction is no visit."""
    if mine.root != mine.id:
        return
    at = mine.check_in.at
    first_at, last_at = shift_moment(at, seconds=-limits.burst_s), shift_moment(at, seconds=limits.burst_s)
    near = [other for other in others if first_at <= other.check_in.at <= last_at and other.root == other.id]
    near_s = sorted([0.0, *(seconds_between(at, other.check_in.at) for other in near)])
    fullest = max(
        bisect_right(near_s, first_s + limits.burst_s) - bisect_left(near_s, first_s)
        for first_s in near_s if first_s <= 0 <= first_s + limits.burst_s
    )  # fmt: skip
    if fullest >= limits.burst_visits:
        yield Oddity("burst", {"visits": fullest, "minutes": round(limits.burst_s / 60)})


def _judge_moved(mine: Trace, bearing: Bearing, limits: Thresholds) -> Iterator[Oddity]:
    if mine.check_in.position is None or mine.check_out is None or mine.check_out.position is None:
        return
    radius_m = bearing.reference.radius_m if bearing.reference else limits.radius_m
    distance_m = _apart_m(mine.check_in, mine.check_out)
    if distance_m > radius_m + both_accuracies_m(mine.check_in.position, mine.check_out.position, limits):
        yield Oddity("moved", {"distance_m": round(distance_m)})


def _judge_correction(mine: Trace, person: Sequence[Trace], limits: Thresholds) -> Iterator[Oddity]:
    """A correction is not compared with what it corrects; so it must be of the same visit (`corrections.is_true`)."""
    if mine.root == mine.id:
        return
    original = next((other for other in person if other.id == mine.root), None)
    if not is_true(mine, original, limits):
        yield Oddity("corrects_other", other=original.id if original else None)
