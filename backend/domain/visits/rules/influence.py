"""Whose judgement a visit may change when it arrives, or when its time becomes better known."""

from collections.abc import Iterator, Sequence

from backend.domain.visits.rules.facts import Event, Trace
from backend.domain.visits.rules.photos import is_same_photo
from backend.domain.visits.rules.texts import may_be_similar
from backend.domain.visits.rules.thresholds import Thresholds
from sync.moments import shift_moment


def influenced_by(trace: Trace, others: Sequence[Trace], limits: Thresholds) -> set[str]:
    """Return the ids of those `others` of the same person whose flags may differ for `trace` being there, or not.

    Near in time (burst, overlap), the next visit (device) and the next events (speed), later ones that repeat a
    text, a photo or a coordinate. Every other visit of the person is judged as before, but those that it corrects or
    that correct it.
    """
    return {*_near(trace, others, limits), *_next(trace, others), *_repeating(trace, others, limits)}


def _near(trace: Trace, others: Sequence[Trace], limits: Thresholds) -> Iterator[str]:
    first_at = shift_moment(trace.check_in.at, seconds=-limits.burst_s)
    last_at = max(trace.until_at, shift_moment(trace.check_in.at, seconds=limits.burst_s))
    yield from (other.id for other in others if other.until_at >= first_at and other.check_in.at <= last_at)


def _next(trace: Trace, others: Sequence[Trace]) -> Iterator[str]:
    later = [other for other in others if other.place_in_order > trace.place_in_order]
    if later:
        yield min(later, key=lambda other: other.place_in_order).id
    for event in trace.events:
        following = [
            (at, other.root) for other in others if other.root != trace.root
            for at in _moments(other.events) if at >= event.at
        ]  # fmt: skip
        soonest = min(following, default=("", ""))[0]
        roots = {root for at, root in following if at == soonest}
        yield from (other.id for other in others if other.root in roots)


def _moments(events: Sequence[Event]) -> list[str]:
    return [event.at for event in events if event.position is not None]


def _repeating(trace: Trace, others: Sequence[Trace], limits: Thresholds) -> Iterator[str]:
    mine = frozenset().union(*(event.coordinates for event in trace.events))
    for other in others:
        if (
            other.place_in_order > trace.place_in_order
            and (
                may_be_similar(trace.text, other.text)
                or any(
                    is_same_photo(one, two, limits.photo_distance_max) for one in trace.photos for two in other.photos
                )
            )
        ) or any(not mine.isdisjoint(event.coordinates) for event in other.events):
            yield other.id
