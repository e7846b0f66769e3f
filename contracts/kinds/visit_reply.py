"""A visit's reply: what the person concerned says to a review, the answer to a question or an appeal."""

from typing import Annotated, ClassVar, Literal

from msgspec import Meta

from contracts.base import Moment, OrgId, RecordId, StaffNo
from contracts.policy import Merge, Op, Record, Reference
from contracts.privacy import Privacy

ReplyOutcome = Literal["taken", "not_asked", "not_rejected", "appealed_before", "not_yours", "too_many"]


class VisitReply(Record, frozen=True, kw_only=True):
    """An answer or an appeal, written on the tablet with or without a line; the server says what became of it."""

    kind: ClassVar[str] = "visit_reply"
    ops: ClassVar[frozenset[Op]] = frozenset({Op.CREATE})
    references: ClassVar[tuple[Reference, ...]] = (Reference(field="visit_id", kind="visit"),)

    visit_id: Annotated[RecordId, Merge.SERVER]
    sort: Annotated[Literal["answer", "appeal"], Merge.SERVER]
    text: Annotated[str, Merge.SERVER, Privacy.C2, Meta(min_length=1, max_length=1000)]
    author: Annotated[StaffNo | None, Merge.STAMPED] = None
    org_id: Annotated[OrgId | None, Merge.STAMPED] = None
    install_id: Annotated[RecordId | None, Merge.STAMPED] = None
    made_at: Annotated[Moment | None, Merge.STAMPED] = None
    received_at: Annotated[Moment | None, Merge.STAMPED] = None
    outcome: Annotated[ReplyOutcome | None, Merge.STAMPED] = None  # none: the server has not looked at it yet
    zh: Annotated[str, Merge.STAMPED, Meta(max_length=200)] = ""  # the outcome as its author reads it
    en: Annotated[str, Merge.STAMPED, Meta(max_length=200)] = ""
