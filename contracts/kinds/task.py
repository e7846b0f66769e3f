"""A task: something a person of the bank has to do, for a customer or not."""

from typing import Annotated, ClassVar

from msgspec import Meta

from contracts.base import BusinessDate, Count, OrgId, RecordId, StaffNo
from contracts.policy import Merge, Op, Record, Reference


class Task(Record, frozen=True, kw_only=True):
    """Work that several people may touch: every field says how two hands meet (003-06)."""

    kind: ClassVar[str] = "task"
    ops: ClassVar[frozenset[Op]] = frozenset({Op.CREATE, Op.PATCH, Op.DELETE})
    references: ClassVar[tuple[Reference, ...]] = (Reference(field="customer_id", kind="customer"),)

    title: Annotated[str, Merge.LATEST_PUSH, Meta(min_length=1, max_length=200)]
    org_id: Annotated[OrgId, Merge.SERVER]
    assignee: Annotated[StaffNo, Merge.ESCALATE]
    customer_id: Annotated[RecordId | None, Merge.SERVER] = None
    detail: Annotated[str, Merge.APPEND, Meta(max_length=4000)] = ""
    due_on: Annotated[BusinessDate | None, Merge.MIN] = None
    priority: Annotated[int, Merge.MAX, Meta(ge=0, le=9)] = 0
    tags: Annotated[frozenset[Annotated[str, Meta(max_length=40)]], Merge.UNION, Meta(max_length=50)] = frozenset()
    is_done: Annotated[bool, Merge.MAX] = False
    estimate_min: Annotated[Count | None, Merge.MINE] = None
    result: Annotated[str, Merge.ASK, Meta(max_length=2000)] = ""
    author: Annotated[StaffNo | None, Merge.STAMPED] = None
