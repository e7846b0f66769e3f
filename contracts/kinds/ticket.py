"""A ticket: a customer's place in one branch's line."""

from typing import Annotated, ClassVar

from msgspec import Meta, Struct

from contracts.base import BusinessDate, Moment, OrgId, RecordId, StaffNo
from contracts.leases import Series
from contracts.policy import Life, Merge, Numbered, Op, Record, Step, full_matrix
from contracts.privacy import Privacy

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

STEPS_MAX = 60  # states that one ticket can go through

CounterNo = Annotated[str, Meta(max_length=10)]
Minutes = Annotated[int, Meta(ge=0, le=1440)]
Overflow = Annotated[str, Meta(pattern=r"^[A-Z]{1,3}(?!\n)$")]


class TicketStep(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One state of a ticket: which, since when by the server's estimate, through whom, at which counter."""

    to: Annotated[str, Meta(max_length=12)]
    at: Moment
    by: StaffNo | None = None
    counter: CounterNo | None = None
    for_series: Series | None = None
    for_counter: CounterNo | None = None
    version: Annotated[int, Meta(ge=0)] = 0  # of the ticket, from this state on; 0 in what was kept before it was noted


class Claim(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Who a waiting customer is, as read or told; never a face. The server looks them up and keeps nothing of it."""

    sort: Annotated[str, Meta(pattern=r"^(swipe|id_reader|phone_name)(?!\n)$")]
    customer_no: Annotated[str, Meta(max_length=11)] = ""  # of the card or passbook swiped at the machine
    certificate_no: Annotated[str, Meta(max_length=40)] = ""  # as the identity-card reader gives it
    phone_tail: Annotated[str, Meta(max_length=4)] = ""
    name: Annotated[str, Meta(max_length=160)] = ""


class Ticket(Record, frozen=True, kw_only=True):
    """A customer's place in one branch's line (001-13)."""

    kind: ClassVar[str] = "ticket"
    ops: ClassVar[frozenset[Op]] = frozenset({Op.CREATE, Op.TRANSITION, Op.PATCH})
    numbered: ClassVar[Numbered] = Numbered()
    fleeting: ClassVar[frozenset[str]] = frozenset({"claim"})
    life: ClassVar[Life] = Life(
        first="waiting",
        matrix=TICKET_MATRIX,
        facts=frozenset(
            {"counter", "service", "for_series", "for_counter", "called_at", "serving_at", "ended_at",
             "time_not_accurate"}
        ),
        history="steps",
        noted=frozenset({"counter", "for_series", "for_counter"}),
        has_rounds=True,
    )  # fmt: skip

    branch_id: Annotated[OrgId, Merge.SERVER]
    series: Annotated[Series, Merge.SERVER]
    business_date: Annotated[BusinessDate, Merge.SERVER]
    number: Annotated[int, Merge.SERVER, Meta(ge=1, le=99_999)]
    issued_at: Annotated[Moment, Merge.SERVER]
    state: Annotated[str, Merge.SERVER, Meta(max_length=12)]
    overflow: Annotated[Overflow | None, Merge.SERVER] = None
    source: Annotated[str, Merge.SERVER, Meta(max_length=10)] = "tablet"  # tablet · machine · counter
    service: Annotated[str, Merge.LATEST_PUSH, Meta(max_length=40)] = "general"
    counter: Annotated[CounterNo | None, Merge.SERVER] = None
    for_series: Annotated[Series | None, Merge.SERVER] = None  # where a transferred customer waits next
    for_counter: Annotated[CounterNo | None, Merge.SERVER] = None
    shown_lo_min: Annotated[Minutes | None, Merge.SERVER] = None  # the wait that was told at the issue, from …
    shown_hi_min: Annotated[Minutes | None, Merge.SERVER] = None  # … to
    claim: Annotated[Claim | None, Merge.LATEST_PUSH, Privacy.C2] = None
    identified: Annotated[str, Merge.STAMPED, Meta(max_length=10)] = ""  # matched · ambiguous · unknown · limited
    customer_id: Annotated[RecordId | None, Merge.STAMPED] = None
    priority: Annotated[int, Merge.MAX, Meta(ge=0, le=9)] = 0
    note: Annotated[str, Merge.APPEND, Meta(max_length=500)] = ""
    called_at: Annotated[Moment | None, Merge.SERVER] = None
    serving_at: Annotated[Moment | None, Merge.SERVER] = None
    ended_at: Annotated[Moment | None, Merge.SERVER] = None
    time_not_accurate: Annotated[bool, Merge.MAX] = False
    state_by: Annotated[StaffNo | None, Merge.STAMPED] = None
    state_at: Annotated[Moment | None, Merge.STAMPED] = None
    steps: Annotated[list[TicketStep], Merge.STAMPED, Meta(max_length=STEPS_MAX)] = []
    flags: Annotated[list[str], Merge.STAMPED] = []
