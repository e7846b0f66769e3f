"""A ticket: a customer's place in one branch's line."""

from typing import Annotated, ClassVar

from msgspec import Meta

from contracts.base import BusinessDate, Moment, OrgId, RecordId, StaffNo
from contracts.leases import Series
from contracts.policy import Life, Merge, Numbered, Op, Record, Step, full_matrix

STATES = (
    "waiting", "called", "recalled", "serving", "held", "transferred",
    "skipped", "returned", "finished", "cancelled", "left", "expired",
)  # fmt: skip

# The whole life of a ticket (domain-rules.md §8): what happens when the requested state meets the current one.
# The first commit stands; whoever comes second to the same customer is told who was first.
APPLY, NOOP, SUPERSEDE, PARK = Step.APPLY, Step.NOOP, Step.SUPERSEDE, Step.PARK
LINE = {APPLY: "called cancelled left expired"}
OVER = "called recalled serving held transferred skipped returned"
TICKET_MATRIX = full_matrix(
    STATES,
    {
        "waiting": LINE | {NOOP: "waiting"},
        "called": {APPLY: "recalled serving skipped cancelled left expired", SUPERSEDE: "called returned"},
        "recalled": {APPLY: "recalled serving skipped cancelled left expired", SUPERSEDE: "called returned"},
        "serving": {
            APPLY: "held transferred finished expired",
            SUPERSEDE: "called recalled serving skipped returned cancelled left",
        },
        "held": {
            APPLY: "serving transferred finished expired",
            SUPERSEDE: "called recalled skipped returned cancelled left",
            NOOP: "held",
        },
        "transferred": LINE | {SUPERSEDE: "recalled serving held transferred skipped returned finished"},
        "skipped": {APPLY: "returned cancelled left expired", SUPERSEDE: "called recalled serving", NOOP: "skipped"},
        "returned": LINE | {SUPERSEDE: "recalled serving skipped", NOOP: "returned"},
        "finished": {SUPERSEDE: f"{OVER} cancelled left expired", NOOP: "finished"},
        "cancelled": {SUPERSEDE: f"{OVER} finished left expired", NOOP: "cancelled"},
        "left": {SUPERSEDE: f"{OVER} finished cancelled expired", NOOP: "left"},
        "expired": {SUPERSEDE: f"{OVER} finished cancelled left", NOOP: "expired"},
    },
)

Counter = Annotated[str, Meta(max_length=10)]
Overflow = Annotated[str, Meta(pattern=r"^[A-Z]{1,3}(?!\n)$")]


class Ticket(Record, frozen=True, kw_only=True):
    """A customer's place in one branch's line (001-13)."""

    kind: ClassVar[str] = "ticket"
    ops: ClassVar[frozenset[Op]] = frozenset({Op.CREATE, Op.TRANSITION, Op.PATCH})
    numbered: ClassVar[Numbered] = Numbered()
    life: ClassVar[Life] = Life(
        first="waiting",
        matrix=TICKET_MATRIX,
        facts=frozenset({"counter", "service", "called_at", "serving_at", "ended_at", "time_not_accurate"}),
    )

    branch_id: Annotated[OrgId, Merge.SERVER]
    series: Annotated[Series, Merge.SERVER]
    business_date: Annotated[BusinessDate, Merge.SERVER]
    number: Annotated[int, Merge.SERVER, Meta(ge=1, le=99_999)]
    issued_at: Annotated[Moment, Merge.SERVER]
    state: Annotated[str, Merge.SERVER, Meta(max_length=12)]
    overflow: Annotated[Overflow | None, Merge.SERVER] = None
    source: Annotated[str, Merge.SERVER, Meta(max_length=10)] = "tablet"  # tablet · machine · counter
    service: Annotated[str, Merge.LATEST_PUSH, Meta(max_length=40)] = "general"
    counter: Annotated[Counter | None, Merge.SERVER] = None
    customer_id: Annotated[RecordId | None, Merge.ASK] = None
    priority: Annotated[int, Merge.MAX, Meta(ge=0, le=9)] = 0
    note: Annotated[str, Merge.APPEND, Meta(max_length=500)] = ""
    called_at: Annotated[Moment | None, Merge.SERVER] = None
    serving_at: Annotated[Moment | None, Merge.SERVER] = None
    ended_at: Annotated[Moment | None, Merge.SERVER] = None
    time_not_accurate: Annotated[bool, Merge.MAX] = False
    state_by: Annotated[StaffNo | None, Merge.STAMPED] = None
    state_at: Annotated[Moment | None, Merge.STAMPED] = None
    flags: Annotated[list[str], Merge.STAMPED] = []
