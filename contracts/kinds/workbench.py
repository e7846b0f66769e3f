"""The workbench (工作平台): plans, notices, letters, notes, preferences, synced like all else (000-04, 003-06)."""

from typing import Annotated, Any, ClassVar

from msgspec import Meta

from contracts.base import BusinessDate, Moment, OrgId, RecordId, Sha256Hex, StaffNo
from contracts.policy import Life, Merge, Op, Record, Reference, Step, full_matrix
from contracts.privacy import Privacy

PLAN_STATES = ("planned", "done", "cancelled")
PLAN_MATRIX = full_matrix(
    PLAN_STATES,
    {
        "planned": {Step.APPLY: "done cancelled", Step.NOOP: "planned"},
        "done": {Step.NOOP: "done", Step.SUPERSEDE: "planned cancelled"},
        "cancelled": {Step.NOOP: "cancelled", Step.SUPERSEDE: "planned done"},
    },
)

People = Annotated[frozenset[StaffNo], Meta(max_length=50)]
Files = Annotated[frozenset[Sha256Hex], Meta(max_length=20)]


class Plan(Record, frozen=True, kw_only=True):
    """An activity with time, sort, short description, people and attachments (003-06); a visit to come is one."""

    kind: ClassVar[str] = "plan"
    ops: ClassVar[frozenset[Op]] = frozenset({Op.CREATE, Op.PATCH, Op.TRANSITION, Op.DELETE})
    references: ClassVar[tuple[Reference, ...]] = (Reference(field="customer_id", kind="customer"),)
    life: ClassVar[Life] = Life(first="planned", matrix=PLAN_MATRIX)

    org_id: Annotated[OrgId, Merge.SERVER]
    title: Annotated[str, Merge.LATEST_PUSH, Meta(min_length=1, max_length=200)]
    sort: Annotated[str, Merge.LATEST_PUSH, Meta(max_length=40)] = "visit"  # visit · call · meeting · training …
    starts_at: Annotated[Moment, Merge.ASK]
    ends_at: Annotated[Moment, Merge.ASK]
    people: Annotated[People, Merge.UNION] = frozenset()  # who takes part beside the author
    customer_id: Annotated[RecordId | None, Merge.SERVER] = None
    detail: Annotated[str, Merge.APPEND, Privacy.C2, Meta(max_length=2000)] = ""
    files: Annotated[Files, Merge.UNION] = frozenset()
    state: Annotated[str, Merge.SERVER, Meta(max_length=12)]
    author: Annotated[StaffNo | None, Merge.STAMPED] = None
    state_by: Annotated[StaffNo | None, Merge.STAMPED] = None
    state_at: Annotated[Moment | None, Merge.STAMPED] = None


class Busy(Record, frozen=True, kw_only=True):
    """When a colleague has something planned, and nothing else of it: enough to avoid a clash (003-06)."""

    kind: ClassVar[str] = "busy"

    org_id: Annotated[OrgId, Merge.SERVER]
    staff: Annotated[People, Merge.SERVER]
    starts_at: Annotated[Moment, Merge.SERVER]
    ends_at: Annotated[Moment, Merge.SERVER]


class Notice(Record, frozen=True, kw_only=True):
    """What hangs on the board of one or more institutions (003-04); a correction is another notice."""

    kind: ClassVar[str] = "notice"
    ops: ClassVar[frozenset[Op]] = frozenset({Op.CREATE, Op.DELETE})

    orgs: Annotated[Annotated[frozenset[OrgId], Meta(min_length=1, max_length=500)], Merge.SERVER]
    title: Annotated[str, Merge.SERVER, Meta(min_length=1, max_length=200)]
    text: Annotated[str, Merge.SERVER, Meta(max_length=8000)] = ""
    files: Annotated[Files, Merge.SERVER] = frozenset()
    until: Annotated[BusinessDate | None, Merge.SERVER] = None
    author: Annotated[StaffNo | None, Merge.STAMPED] = None
    received_at: Annotated[Moment | None, Merge.STAMPED] = None


class Note(Record, frozen=True, kw_only=True):
    """A page of a person's own notebook (003-06); nobody else reads it."""

    kind: ClassVar[str] = "note"
    ops: ClassVar[frozenset[Op]] = frozenset({Op.CREATE, Op.PATCH, Op.DELETE})

    title: Annotated[str, Merge.LATEST_PUSH, Privacy.C2, Meta(max_length=200)] = ""
    text: Annotated[str, Merge.ASK, Privacy.C2, Meta(max_length=8000)] = ""
    remind_at: Annotated[Moment | None, Merge.LATEST_PUSH] = None
    author: Annotated[StaffNo | None, Merge.STAMPED] = None


class Letter(Record, frozen=True, kw_only=True):
    """A message between people of the bank (000-04)."""

    kind: ClassVar[str] = "letter"
    ops: ClassVar[frozenset[Op]] = frozenset({Op.CREATE})

    to: Annotated[Annotated[frozenset[StaffNo], Meta(min_length=1, max_length=50)], Merge.SERVER]
    title: Annotated[str, Merge.SERVER, Meta(max_length=200)] = ""
    text: Annotated[str, Merge.SERVER, Privacy.C2, Meta(max_length=4000)]
    answers: Annotated[RecordId | None, Merge.SERVER] = None
    author: Annotated[StaffNo | None, Merge.STAMPED] = None
    received_at: Annotated[Moment | None, Merge.STAMPED] = None


class Preference(Record, frozen=True, kw_only=True):
    """A person's own settings (000-04 个人维护), the same on each of their tablets; each key goes its own way."""

    kind: ClassVar[str] = "preference"
    ops: ClassVar[frozenset[Op]] = frozenset({Op.CREATE, Op.PATCH})

    values: Annotated[
        dict[Annotated[str, Meta(max_length=60)], str | int | float | bool | list[Any] | None],
        Merge.LATEST_PUSH, Meta(max_length=100),
    ] = {}  # fmt: skip
    author: Annotated[StaffNo | None, Merge.STAMPED] = None
