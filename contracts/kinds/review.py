"""A review: a conflict or a parked mutation, kept until a person has settled it."""

from typing import Annotated, ClassVar

from msgspec import Meta

from contracts.base import Body, KindName, Moment, OrgId, RecordId, StaffNo
from contracts.policy import Life, Merge, Record, Step, full_matrix
from contracts.privacy import Privacy

STATES = ("open", "kept", "overridden", "retried", "edited", "discarded", "recorded")
REVIEW_MATRIX = full_matrix(
    STATES, {"open": {Step.APPLY: "kept overridden retried edited discarded", Step.NOOP: "open"}}, Step.SUPERSEDE
)


class Review(Record, frozen=True, kw_only=True):
    """What a mutation wanted, what stood against it, who must act, and how it was settled (protocol.md §5)."""

    kind: ClassVar[str] = "review"
    life: ClassVar[Life] = Life(first="open", matrix=REVIEW_MATRIX)

    cause: Annotated[str, Merge.STAMPED, Meta(max_length=40)]  # an error code
    sort: Annotated[str, Merge.STAMPED, Meta(max_length=10)]  # conflict · parked · flag
    state: Annotated[str, Merge.STAMPED, Meta(max_length=12)]
    must_act: Annotated[str, Merge.STAMPED, Meta(max_length=16)]  # author · supervisor · administrator · nobody …
    install_id: Annotated[RecordId, Merge.STAMPED]
    n: Annotated[int, Merge.STAMPED]
    author: Annotated[StaffNo, Merge.STAMPED]
    org_id: Annotated[OrgId, Merge.STAMPED]
    subject_kind: Annotated[KindName | None, Merge.STAMPED] = None
    subject_id: Annotated[RecordId | None, Merge.STAMPED] = None
    depends_on: Annotated[RecordId | None, Merge.STAMPED] = None
    schema: Annotated[int, Merge.STAMPED] = 1  # the one that the mutation was made under
    fields: Annotated[list[Body], Merge.STAMPED, Privacy.C2] = []  # FieldOutcome of each disputed field
    mutation: Annotated[Body, Merge.STAMPED, Privacy.C2] = {}  # all that was typed
    args: Annotated[Body, Merge.STAMPED] = {}
    raised_at: Annotated[Moment, Merge.STAMPED]
    settled_by: Annotated[StaffNo | None, Merge.STAMPED] = None
    settled_at: Annotated[Moment | None, Merge.STAMPED] = None
    settled_reason: Annotated[str, Merge.STAMPED, Meta(max_length=500)] = ""
