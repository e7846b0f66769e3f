"""Visits online: what waits for a supervisor, one visit with all its evidence, a decision, and a map (001-17)."""

from typing import Annotated, Any, Literal

from msgspec import Meta

from contracts.base import BusinessDate, Count, Message, Moment, OrgId, RecordId, StaffNo, Terse
from contracts.compliance import Month
from contracts.kinds.visit_grade import Grade, GradeFlag, ReviewState, ReviewStep, Verdict

PAGE_MAX = 200
FEATURES_MAX = 1_000  # of one page of a map

ListState = Literal["open", "all", "counted", "pending", "asked", "answered", "accepted", "rejected", "appealed"]
AlertFilter = Literal["any", "yellow", "orange", "red"]
Deed = Literal["accept", "reject", "ask"]
Multiline = r"^[^\x00-\x08\x0b-\x1f]*(?!\n)$"  # lines and tabs, and no other control character


class QueueItem(Message, frozen=True, kw_only=True):
    """A visit as the review queue shows it; `deeds` is what the caller may do to it now, `version` what they saw."""

    visit_id: RecordId
    version: int
    author: StaffNo
    org_id: OrgId
    customer_id: RecordId
    customer_name: str  # masked
    at: Moment  # by the server's clock
    local_date: BusinessDate
    type: str
    grade: Grade
    verdict: Verdict
    place: str
    distance_m: float | None
    accuracy_m: float | None
    probability: float | None  # of having been inside; none: nobody can say
    points: int
    flags: list[GradeFlag]
    alert: str | None
    review_state: ReviewState
    steps: list[ReviewStep]
    deeds: list[Deed]


class QueuePage(Message, frozen=True, kw_only=True):
    """Visits that wait, the most doubtful first, or others by day; `next` continues after the last one."""

    items: list[QueueItem]
    next: str | None = None


class ShownFix(Terse, frozen=True, kw_only=True):
    """One location reading in WGS-84, and what it proves by itself; the grade follows the median of all."""

    event: Literal["check_in", "check_out"]
    lat: float
    lon: float
    datum: str  # as the tablet told it
    accuracy_m: float
    provider: str
    is_mock: bool = False
    source: str
    fix_wall_time: Moment
    verdict: Verdict
    place: str = ""
    distance_m: float | None = None
    probability: float | None = None


class ShownPlace(Terse, frozen=True, kw_only=True):
    """A place of the customer in WGS-84, as it was known when the visit arrived."""

    label: str
    lat: float
    lon: float
    radius_m: float
    accuracy_m: float = 0
    captured: str


class ShownDuty(Message, frozen=True, kw_only=True):
    """A duty in whose period the visit lies, and what the visit is to it."""

    code: str
    period: str
    month: Month
    owner: str
    verdict: str  # counted · pending · rejected · same_day …
    required: Count
    counted: Count
    pending: Count
    status: str
    path: str  # where the duty opens


class VisitRecord(Message, frozen=True, kw_only=True):
    """One visit with everything that a decision needs; long numbers and people's names are masked."""

    item: QueueItem
    purpose: str
    content: str
    content_chars: Count
    people_met: list[str]
    elements: dict[str, str]
    next_step: str
    alert_reason: str
    dwell_s: float | None
    time_quality: str
    skew_s: float
    made_at: Moment | None
    received_at: Moment | None
    photos: list[str]  # SHA-256 of each, as /files names them
    missing_photos: Count
    fixes: list[ShownFix]
    places: list[ShownPlace]
    duties: list[ShownDuty]
    amends: RecordId | None
    corrected_by: RecordId | None  # the visit that stands in this one's place, which counts nowhere then
    waits_behind: RecordId | None  # what this one corrects, and is accepted instead of: it counts until then
    hash: str | None  # of the signed visit, in its tablet's chain


class VisitDecision(Message, frozen=True, kw_only=True):
    """Decide about one visit, or ask; `version` is the one that the person saw."""

    decision: Deed
    reason: Annotated[str, Meta(max_length=500, pattern=Multiline)] = ""  # why not, or what is asked
    version: Annotated[int, Meta(ge=1)]


class Geometry(Message, frozen=True, kw_only=True):
    """A point in WGS-84: longitude, then latitude (RFC 7946)."""

    type: Literal["Point"] = "Point"
    coordinates: tuple[float, float]


class Feature(Message, frozen=True, kw_only=True):
    """A visit where it began, or a place of a customer; `properties.sort` says which."""

    type: Literal["Feature"] = "Feature"
    id: str
    geometry: Geometry | None  # none: a visit without a position
    properties: dict[str, Any]


class FeatureCollection(Message, frozen=True, kw_only=True):
    """A page of a map (RFC 7946); `note` says what it holds, `next` continues after its last visit or customer."""

    type: Literal["FeatureCollection"] = "FeatureCollection"
    features: list[Feature]
    note: str
    next: str | None = None
