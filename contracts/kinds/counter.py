"""A counter: where customers are served, by whom, and for which series."""

from typing import Annotated, ClassVar
from uuid import UUID, uuid5

from msgspec import Meta, Struct

from contracts.base import Moment, OrgId, StaffNo
from contracts.kinds.ticket import CounterNo
from contracts.leases import Series
from contracts.policy import Life, Merge, Op, Record, Step, full_matrix

STATES = ("closed", "open", "paused")
STEPS_MAX = 200
NAMESPACE = UUID("6d0f3a5e-3f1c-5c0e-9c57-0d7f1f6f1a01")
COUNTER_MATRIX = full_matrix(
    STATES,
    {
        "closed": {Step.APPLY: "open", Step.NOOP: "closed"},
        "open": {Step.APPLY: "paused closed", Step.NOOP: "open"},
        "paused": {Step.APPLY: "open closed", Step.NOOP: "paused"},
    },
)


class CounterStep(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One state of a counter: which, since when, through whom."""

    to: Annotated[str, Meta(max_length=12)]
    at: Moment
    by: StaffNo | None = None
    teller: StaffNo | None = None


class Counter(Record, frozen=True, kw_only=True):
    """Opens, pauses, closes; who calls the next customer looks at the series that it serves (domain-rules.md §8)."""

    kind: ClassVar[str] = "counter"
    ops: ClassVar[frozenset[Op]] = frozenset({Op.CREATE, Op.PATCH, Op.TRANSITION})
    life: ClassVar[Life] = Life(
        first="closed", matrix=COUNTER_MATRIX, facts=frozenset({"teller"}), history="steps", noted=frozenset({"teller"})
    )

    branch_id: Annotated[OrgId, Merge.SERVER]
    counter_no: Annotated[CounterNo, Merge.SERVER]
    series: Annotated[list[Series], Merge.LATEST_PUSH, Meta(max_length=20)] = []
    state: Annotated[str, Merge.SERVER, Meta(max_length=12)]
    teller: Annotated[StaffNo | None, Merge.LATEST_PUSH] = None
    state_by: Annotated[StaffNo | None, Merge.STAMPED] = None
    state_at: Annotated[Moment | None, Merge.STAMPED] = None
    steps: Annotated[list[CounterStep], Merge.STAMPED, Meta(max_length=STEPS_MAX)] = []  # of its present day


def counter_id(branch_id: str, counter_no: str) -> str:
    """Return the id of a branch's counter: whoever declares it first, with a line or without, means the same one."""
    return str(uuid5(NAMESPACE, f"{branch_id}|{counter_no}"))
