"""What a queue machine says, and what it is answered; docs/queue-machines.md is written for its maker."""

from typing import Annotated, Literal

from msgspec import Meta, Raw

from contracts.base import BusinessDate, Count, Message, Moment, OrgId, Problem, StaffNo, Uuid
from contracts.kinds.ticket import Claim, CounterNo, Minutes, Overflow
from contracts.leases import HELD_MAX, WANT_MAX, Series
from contracts.push import Number

MESSAGES_MAX = 100

MachineWord = Literal[
    "issue", "call", "recall", "call_next", "serving", "finish", "skip", "return", "hold", "transfer", "cancel", "left",
    "open", "pause", "close",
]  # fmt: skip
TicketNo = Annotated[int, Meta(ge=1, le=99_999)]


class MachineAnswer(Message, frozen=True, kw_only=True, omit_defaults=True):
    """What became of one message; keep it with the message, which may have to be sent again with it."""

    n: int
    status: str  # done · nobody: nobody waits for this counter · refused: see problem
    ticket_id: Uuid | None = None
    series: str | None = None
    number: int | None = None
    overflow: str | None = None
    business_date: str | None = None
    display: str = ""  # as it is printed and called: A021
    state: str = ""
    counter: str | None = None
    ahead: int | None = None  # customers who will be called before
    wait_lo_min: Minutes | None = None  # the wait to expect, from …
    wait_hi_min: Minutes | None = None  # … to; absent while nobody knows
    token: str = ""  # proves to a server that was restored that it gave this number out
    problem: Problem | None = None


class MachineMessage(Message, frozen=True, kw_only=True):
    """One message; which fields count depends on `type`. A ticket is named by its id or by what is printed on it."""

    n: Number  # 1, 2, 3 … without gaps per machine
    type: MachineWord
    at: Moment = ""  # when it happened, by the machine's clock
    ticket_id: Uuid | None = None
    series: Series | None = None
    number: TicketNo | None = None  # for `issue`: from the machine's own block, or none and the server gives one
    overflow: Overflow | None = None
    business_date: BusinessDate | None = None  # none: the day of `at` in China
    service: Annotated[str, Meta(max_length=40)] = "general"
    priority: Annotated[int, Meta(ge=0, le=9)] = 0
    claim: Claim | None = None  # of a card or passbook swiped for the number
    counter: CounterNo | None = None
    serves: Annotated[list[Series], Meta(max_length=20)] = []  # for `open`: the counter's series, none: all
    teller: StaffNo | None = None
    for_series: Series | None = None  # for `transfer`
    for_counter: CounterNo | None = None
    answered: MachineAnswer | None = None  # what this message was answered before, when it is sent again


class MachineRequest(Message, frozen=True, kw_only=True):
    """Messages in the order of `n`; each stays raw so that one bad one is refused alone."""

    messages: Annotated[list[Raw], Meta(max_length=MESSAGES_MAX)]
    sent_at: Moment = ""  # the machine's clock now: the server corrects every `at` by how far it is off


class MachineResponse(Message, frozen=True, kw_only=True):
    """The highest number that was taken without a gap, and an answer to each message up to it."""

    ack_n: Count
    expected_n: int | None = None  # messages are missing: send again from here, each with what it was answered
    server_time: Moment
    answers: list[MachineAnswer]


class BlockRequest(Message, frozen=True, kw_only=True):
    """Ask for a block of numbers to print with no line; `held` are tokens of blocks, shown to a restored server."""

    series: Series
    business_date: BusinessDate
    want: Annotated[int, Meta(ge=1, le=WANT_MAX)]
    request_id: Uuid  # makes a retry harmless: the same request gets the same block
    held: Annotated[list[Annotated[str, Meta(max_length=2000)]], Meta(max_length=HELD_MAX)] = []


class CallNextRequest(Message, frozen=True, kw_only=True):
    """Call whoever is next for a counter, so that no other counter gets the same ticket.

    `present` is the ticket that the counter has now, as far as the caller knows. If it has another one, that is the
    answer: a retry after a lost answer calls nobody twice.
    """

    branch_id: OrgId
    counter_no: CounterNo
    present: Uuid | None = None


class CallNextResponse(Message, frozen=True, kw_only=True):
    """Who was called; all empty if nobody waits for this counter."""

    ticket_id: Uuid | None = None
    version: int | None = None
    display: str = ""
    waiting: int = 0  # who still wait for this counter
