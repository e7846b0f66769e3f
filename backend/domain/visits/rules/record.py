"""The record of a judgement, as the visit's author gets it."""

from collections.abc import Mapping
from typing import Any

import msgspec

from backend.domain.visits.rules.corrections import Standing
from backend.domain.visits.rules.distances import geodesic_m
from backend.domain.visits.rules.facts import Trace, VisitFacts
from backend.domain.visits.rules.grade import COUNTS_BY_ITSELF, Judgement
from backend.domain.visits.rules.position import Bearing
from backend.domain.visits.rules.texts import normalise
from backend.domain.visits.rules.time import local_date, seconds_between
from contracts.base import Body
from contracts.kinds.visit import Visit
from sync.clock import ANCHORED, UNANCHORED

COUNTED, PENDING = "counted", "pending"
OPEN = frozenset({COUNTED, PENDING})  # no person has said anything yet
PROBABILITY_DIGITS = 6


def write_grade(
    visit: Visit, facts: VisitFacts, judged: Judgement, standing: Standing, before: Mapping[str, Any] | None
) -> Body:  # fmt: skip
    """Return the body of a visit's grade; what a person has decided about it stands, whatever the new judgement."""
    bearing, trace = judged.bearing, facts.trace
    reviewed = before or {}
    body: Body = {
        "author": trace.author, "org_id": visit.org_id, "customer_id": visit.customer_id,
        "amends": visit.amends, "corrected_by": standing.corrected_by, "waits_behind": standing.waits_behind,
        "type": visit.type, "install_id": visit.install_id,
        "at": trace.check_in.at, "local_date": local_date(trace.check_in.at), "dwell_s": _dwell_s(trace),
        "time_quality": ANCHORED if facts.is_anchored else UNANCHORED, "skew_s": facts.skew_s,
        "grade": judged.grade, "verdict": bearing.verdict,
        "place": bearing.reference.label if bearing.reference else "",
        "distance_m": _shown_m(trace, bearing),
        "accuracy_m": None if bearing.accuracy_m is None else round(bearing.accuracy_m, 1),
        "probability": None if bearing.probability is None else round(bearing.probability, PROBABILITY_DIGITS),
        "has_coordinate": trace.check_in.position is not None, "content_chars": len(normalise(facts.content)),
        "flags": msgspec.to_builtins(judged.flags), "points": judged.points, "alert": visit.alert,
        "review_state": review_state_of(judged.grade, reviewed.get("review_state")),
    }  # fmt: skip
    return {**reviewed, **body}


def review_state_of(grade: str, before: str | None) -> str:
    """Return whether a visit counts by itself or waits for a supervisor, unless one has spoken already."""
    if before is not None and before not in OPEN:
        return before
    return COUNTED if grade in COUNTS_BY_ITSELF else PENDING


def _dwell_s(trace: Trace) -> float | None:
    return None if trace.check_out is None else seconds_between(trace.check_in.at, trace.check_out.at)


def _shown_m(trace: Trace, bearing: Bearing) -> float | None:
    if bearing.reference is None or trace.check_in.position is None:
        return None
    return round(geodesic_m(trace.check_in.position.point, bearing.reference.point), 1)
