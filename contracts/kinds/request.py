"""A request: a person's wish to change what the CRM masters, pending until the CRM decides."""

from typing import Annotated, Any, ClassVar

from msgspec import Meta

from contracts.base import KindName, Moment, RecordId, StaffNo
from contracts.policy import Life, Merge, Op, Record, Step, full_matrix
from contracts.privacy import Privacy

STATES = ("open", "accepted", "rejected", "conflict", "withdrawn")
APPLY, NOOP, SUPERSEDE = Step.APPLY, Step.NOOP, Step.SUPERSEDE
REQUEST_MATRIX = full_matrix(
    STATES,
    {
        "open": {APPLY: "accepted rejected conflict withdrawn", NOOP: "open"},
        "conflict": {APPLY: "accepted rejected withdrawn", NOOP: "conflict", SUPERSEDE: "open"},
        "accepted": {NOOP: "accepted", SUPERSEDE: "open rejected conflict withdrawn"},
        "rejected": {NOOP: "rejected", SUPERSEDE: "open accepted conflict withdrawn"},
        "withdrawn": {NOOP: "withdrawn", SUPERSEDE: "open accepted rejected conflict"},
    },
)


class Request(Record, frozen=True, kw_only=True):
    """A proposal for fields of one CRM-mastered record; it shows over the record until it is decided."""

    kind: ClassVar[str] = "request"
    ops: ClassVar[frozenset[Op]] = frozenset({Op.TRANSITION})
    life: ClassVar[Life] = Life(first="open", matrix=REQUEST_MATRIX)

    subject_kind: Annotated[KindName, Merge.STAMPED]
    subject_id: Annotated[RecordId, Merge.STAMPED]
    believed: Annotated[dict[str, Any], Merge.STAMPED, Privacy.C2] = {}
    proposed: Annotated[dict[str, Any], Merge.STAMPED, Privacy.C2]
    reason: Annotated[str, Merge.STAMPED, Meta(max_length=500)] = ""
    author: Annotated[StaffNo, Merge.STAMPED]
    install_id: Annotated[RecordId | None, Merge.STAMPED] = None
    made_at: Annotated[Moment | None, Merge.STAMPED] = None
    state: Annotated[str, Merge.STAMPED, Meta(max_length=12)]
    state_by: Annotated[StaffNo | None, Merge.STAMPED] = None
    state_at: Annotated[Moment | None, Merge.STAMPED] = None
    crm_values: Annotated[dict[str, Any], Merge.STAMPED, Privacy.C2] = {}  # what the CRM had when it decided
    decision_note: Annotated[str, Merge.STAMPED, Meta(max_length=500)] = ""
