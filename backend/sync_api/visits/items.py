"""Graded visits as a supervisor reads them: in lists, and one with all its evidence."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from backend.domain.compliance.rules.kept import Kept
from backend.domain.customers.rules.masking import mask_name, mask_text
from backend.domain.visits.rules.datums import Point, to_wgs84
from backend.domain.visits.rules.position import Position, Reference, judge_position
from backend.domain.visits.rules.reviewing import deeds_of
from backend.domain.visits.rules.thresholds import Thresholds
from backend.domain.visits.rules.tracing import references_of
from contracts.kinds.customer import Customer, Place
from contracts.kinds.visit import Fix, Visit
from contracts.kinds.visit_grade import VisitGrade
from contracts.visits import QueueItem, ShownDuty, ShownFix, ShownPlace
from sync.store import Stored

COPIED = ("author", "customer_id", "at", "local_date", "type", "grade", "verdict", "place", "distance_m", "accuracy_m",
          "probability", "points", "flags", "alert", "review_state", "steps")  # fmt: skip
DIGITS = 6  # of a degree: a tenth of a metre

decode_grade = msgspec.json.Decoder(VisitGrade).decode
decode_customer = msgspec.json.Decoder(Customer).decode


def item_of(stored: Stored, customer: Stored | None, by: str) -> QueueItem:
    """Return a graded visit as a list shows it to somebody, and what they may do to it."""
    grade = decode_grade(stored.body)
    return QueueItem(
        visit_id=stored.id, version=stored.version, org_id=grade.org_id or "", customer_name=name_of(customer),
        deeds=deeds_of(grade.author, grade.review_state, grade.steps, by),  # type: ignore[arg-type]  # the contract's words
        **{name: getattr(grade, name) for name in COPIED},
    )  # fmt: skip


def name_of(stored: Stored | None) -> str:
    """Return a customer's name as lists show it; one that is not known any more has none."""
    if stored is None or stored.standing != "live":
        return ""
    customer = decode_customer(stored.body)
    return mask_name(customer.name, is_company=customer.type == "company")


def said_of(visit: Visit, grade: VisitGrade) -> dict[str, Any]:
    """Return what a visit tells, with the names and long numbers in it hidden."""
    return {
        "purpose": visit.purpose, "content": mask_text(visit.content), "content_chars": grade.content_chars,
        "people_met": [mask_name(name) for name in visit.people_met],
        "elements": {name: mask_text(text) for name, text in visit.elements.items()},
        "next_step": mask_text(visit.next_step), "alert_reason": mask_text(visit.alert_reason),
        "dwell_s": grade.dwell_s, "time_quality": grade.time_quality, "skew_s": grade.skew_s,
        "made_at": visit.made_at, "received_at": visit.received_at, "photos": visit.photos,
        "amends": visit.amends, "hash": visit.hash,
    }  # fmt: skip


def fixes_of(visit: Visit, places: Sequence[Place], limits: Thresholds) -> list[ShownFix]:
    """Return every reading of a visit with what it proves by itself."""
    references = references_of(places)
    told = [("check_in", fix) for fix in visit.check_in] + [("check_out", fix) for fix in visit.check_out]
    return [_fix(event, fix, references, limits) for event, fix in told]


def places_of(places: Iterable[Place]) -> list[ShownPlace]:
    """Return a customer's places in WGS-84."""
    return [_place(place) for place in places]


def duties_of(found: Iterable[Kept], visit_id: str) -> list[ShownDuty]:
    """Return what a visit is to the duties that it was weighed for."""
    return [
        ShownDuty(
            code=kept.code, period=kept.period, month=kept.month, owner=kept.owner, verdict=weighed.verdict.value,
            required=kept.required, counted=kept.counted, pending=kept.pending, status=kept.status,
            path=f"/api/v1/compliance/obligations/{kept.customer_id}/{kept.period}/{kept.code}",
        )
        for kept in found
        for weighed in kept.detail.visits
        if weighed.visit_id == visit_id
    ]  # fmt: skip


def rounded(point: Point) -> Mapping[str, float]:
    """Return a point as it is answered."""
    return {"lat": round(point.lat, DIGITS), "lon": round(point.lon, DIGITS)}


def _fix(event: str, fix: Fix, references: Sequence[Reference], limits: Thresholds) -> ShownFix:
    point = to_wgs84(Point(fix.lat, fix.lon), fix.datum)
    bearing = judge_position(Position(point=point, accuracy_m=fix.accuracy_m), references, limits)
    return ShownFix(
        event=event, **rounded(point), datum=fix.datum, accuracy_m=fix.accuracy_m, provider=fix.provider,  # type: ignore[arg-type]  # one of two words
        is_mock=fix.is_mock, source=fix.source, fix_wall_time=fix.fix_wall_time, verdict=bearing.verdict,  # type: ignore[arg-type]  # the contract's words
        place=bearing.reference.label if bearing.reference else "",
        distance_m=None if bearing.distance_m is None else round(bearing.distance_m, 1),
        probability=None if bearing.probability is None else round(bearing.probability, DIGITS),
    )  # fmt: skip


def _place(place: Place) -> ShownPlace:
    point = to_wgs84(Point(place.lat, place.lon), place.datum)
    return ShownPlace(
        label=place.label, **rounded(point), radius_m=place.radius_m, accuracy_m=place.accuracy_m,
        captured=place.captured,
    )  # fmt: skip
