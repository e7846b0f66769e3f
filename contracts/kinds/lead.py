"""A lead: a prospect met in the field, on the way to become a customer (003-03)."""

from typing import Annotated, ClassVar

from msgspec import Meta, Struct

from contracts.base import BusinessDate, Moment, OrgId, RecordId, StaffNo
from contracts.kinds.customer import Place
from contracts.policy import Life, Merge, Op, Record, Step, full_matrix
from contracts.privacy import Privacy

STEPS_MAX = 200
STATES = ("recorded", "escalated", "assigned", "following", "won", "lost")
APPLY, NOOP, SUPERSEDE = Step.APPLY, Step.NOOP, Step.SUPERSEDE
LEAD_MATRIX = full_matrix(
    STATES,
    {
        "recorded": {APPLY: "escalated assigned following lost", NOOP: "recorded"},
        "escalated": {APPLY: "assigned lost", NOOP: "escalated", SUPERSEDE: "recorded following"},
        "assigned": {APPLY: "escalated following lost", SUPERSEDE: "recorded assigned"},
        "following": {APPLY: "escalated assigned won lost", NOOP: "following", SUPERSEDE: "recorded"},
        "won": {NOOP: "won", SUPERSEDE: "recorded escalated assigned following lost"},
        "lost": {APPLY: "following", NOOP: "lost", SUPERSEDE: "recorded escalated assigned won"},
    },
)


class LeadStep(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One state of a lead: which, since when by the server's estimate, through whom, and who had it from then on."""

    to: Annotated[str, Meta(max_length=12)]
    at: Moment
    by: StaffNo | None = None
    supervisor: StaffNo | None = None
    owner: StaffNo | None = None


class Lead(Record, frozen=True, kw_only=True):
    """Recorded, escalated to a supervisor, assigned, followed, won or lost."""

    kind: ClassVar[str] = "lead"
    ops: ClassVar[frozenset[Op]] = frozenset({Op.CREATE, Op.PATCH, Op.TRANSITION})
    life: ClassVar[Life] = Life(
        first="recorded",
        matrix=LEAD_MATRIX,
        facts=frozenset({"supervisor", "owner", "customer_id", "lost_reason"}),
        history="steps",
        noted=frozenset({"supervisor", "owner"}),
    )

    org_id: Annotated[OrgId, Merge.SERVER]
    name: Annotated[str, Merge.ESCALATE, Privacy.C2, Meta(min_length=1, max_length=160)]
    phone: Annotated[str, Merge.ESCALATE, Privacy.C2, Meta(max_length=35)] = ""
    address: Annotated[str, Merge.LATEST_PUSH, Privacy.C2, Meta(max_length=80)] = ""
    place: Annotated[Place | None, Merge.LATEST_PUSH, Privacy.C2] = None
    source: Annotated[str, Merge.SERVER, Meta(max_length=40)] = ""  # visit · lobby · referral …
    interests: Annotated[
        frozenset[Annotated[str, Meta(max_length=40)]], Merge.UNION, Privacy.C2, Meta(max_length=30)
    ] = frozenset()  # products or families
    expected_fen: Annotated[int | None, Merge.MAX, Privacy.C2] = None
    next_on: Annotated[BusinessDate | None, Merge.MIN] = None
    remark: Annotated[str, Merge.APPEND, Privacy.C2, Meta(max_length=4000)] = ""
    state: Annotated[str, Merge.SERVER, Meta(max_length=12)]
    supervisor: Annotated[StaffNo | None, Merge.SERVER] = None  # to whom it was escalated
    owner: Annotated[StaffNo | None, Merge.SERVER] = None  # who follows it; none: whoever recorded it
    customer_id: Annotated[RecordId | None, Merge.SERVER] = None  # once won
    lost_reason: Annotated[str, Merge.SERVER, Meta(max_length=500)] = ""
    author: Annotated[StaffNo | None, Merge.STAMPED] = None
    state_by: Annotated[StaffNo | None, Merge.STAMPED] = None
    state_at: Annotated[Moment | None, Merge.STAMPED] = None
    steps: Annotated[list[LeadStep], Merge.STAMPED, Meta(max_length=STEPS_MAX)] = []  # its history, whoever had it
