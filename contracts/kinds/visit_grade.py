"""A visit's grade: what the server found its evidence worth, and what a supervisor made of it."""

from typing import Annotated, ClassVar, Literal

from msgspec import Meta, Struct

from contracts.base import BusinessDate, Moment, OrgId, RecordId, StaffNo
from contracts.policy import Merge, Record, Reference
from contracts.privacy import Privacy

Grade = Literal["A", "B", "C", "D"]
Verdict = Literal["INSIDE", "OUTSIDE", "UNCERTAIN", "NO_REFERENCE", "NO_FIX", "POOR_FIX"]
ReviewState = Literal["counted", "pending", "asked", "answered", "accepted", "rejected", "appealed"]
ReviewDeed = Literal["ask", "answer", "accept", "reject", "appeal"]
STEPS_MAX = 40  # of one review; past it a supervisor can only accept or reject


class GradeFlag(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is odd about a visit, as the person concerned reads it."""

    code: Annotated[str, Meta(max_length=40)]
    seriousness: Literal["information", "warning", "serious"]
    points: int
    zh: Annotated[str, Meta(max_length=300)]
    en: Annotated[str, Meta(max_length=300)]
    other: RecordId | None = None  # the visit of the same person that it was compared with


class ReviewStep(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One step of a review, by a supervisor or by the person concerned, and what that person is told of it."""

    at: Moment
    by: StaffNo
    deed: ReviewDeed
    text: Annotated[str, Meta(max_length=1000)] = ""  # the reason, the question, the answer, as it was written
    zh: Annotated[str, Meta(max_length=200)] = ""  # what it means, without the text
    en: Annotated[str, Meta(max_length=200)] = ""
    seen: int = 0  # the version of the grade that a supervisor decided upon


class VisitGrade(Record, frozen=True, kw_only=True):
    """The judgement of the visit with the same id (domain-rules.md §2-§4); made by the server, read by its author."""

    kind: ClassVar[str] = "visit_grade"
    references: ClassVar[tuple[Reference, ...]] = (Reference(field="customer_id", kind="customer"),)

    author: Annotated[StaffNo, Merge.STAMPED]
    org_id: Annotated[OrgId | None, Merge.STAMPED] = None  # none: no tablet brought the visit
    customer_id: Annotated[RecordId, Merge.STAMPED]
    amends: Annotated[RecordId | None, Merge.STAMPED] = None
    corrected_by: Annotated[RecordId | None, Merge.STAMPED] = None  # a later visit counts in this one's place
    waits_behind: Annotated[RecordId | None, Merge.STAMPED] = None  # counts until a supervisor accepts this correction
    type: Annotated[str, Merge.STAMPED] = "on_site"
    install_id: Annotated[RecordId | None, Merge.STAMPED] = None
    at: Annotated[Moment, Merge.STAMPED]  # the check-in by the server's clock, t_est
    local_date: Annotated[BusinessDate, Merge.STAMPED]  # in Asia/Shanghai
    dwell_s: Annotated[float | None, Merge.STAMPED] = None  # none: nobody can say
    time_quality: Annotated[Literal["anchored", "unanchored"], Merge.STAMPED]
    skew_s: Annotated[float, Merge.STAMPED] = 0
    grade: Annotated[Grade, Merge.STAMPED]
    verdict: Annotated[Verdict, Merge.STAMPED]
    place: Annotated[str, Merge.STAMPED, Meta(max_length=40)] = ""  # label of the place that fits best
    distance_m: Annotated[float | None, Merge.STAMPED, Privacy.C2] = None  # to it, on the ellipsoid
    accuracy_m: Annotated[float | None, Merge.STAMPED] = None
    probability: Annotated[float | None, Merge.STAMPED] = None  # of having been inside
    has_coordinate: Annotated[bool, Merge.STAMPED] = False
    content_chars: Annotated[int, Merge.STAMPED] = 0  # letters and digits alone
    flags: Annotated[list[GradeFlag], Merge.STAMPED] = []
    points: Annotated[int, Merge.STAMPED] = 0
    alert: Annotated[str | None, Merge.STAMPED] = None
    review_state: Annotated[ReviewState, Merge.STAMPED]
    reviewed_by: Annotated[StaffNo | None, Merge.STAMPED] = None
    reviewed_at: Annotated[Moment | None, Merge.STAMPED] = None
    review_reason: Annotated[str, Merge.STAMPED, Privacy.C2, Meta(max_length=500)] = ""
    steps: Annotated[list[ReviewStep], Merge.STAMPED, Privacy.C2, Meta(max_length=STEPS_MAX + 2)] = []
