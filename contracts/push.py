"""Push: a tablet's mutations, and what became of each."""

from typing import Annotated, Any

from msgspec import Meta, Raw

from contracts.base import Count, FieldPath, KindName, Message, Problem, RecordId, Signature, Terse, Uuid
from contracts.clock import ClockEvidence
from contracts.policy import Op

MUTATIONS_MAX = 500
PUSH_BYTES_MAX = 1_048_576
MUTATION_BYTES_MAX = 65_536
FIELDS_MAX = 200

Number = Annotated[int, Meta(ge=1, le=2**53 - 1)]


class Mutation(Message, frozen=True, kw_only=True):
    """One change to one record, made on one tablet; `n` makes a retry harmless."""

    n: Number  # 1, 2, 3 … without gaps per install
    kind: KindName
    id: RecordId
    op: Op
    base_version: Count = 0  # version last pulled; 0 creates
    base: Annotated[dict[FieldPath, Any], Meta(max_length=FIELDS_MAX)] = {}  # what the tablet believed
    set: Annotated[dict[FieldPath, Any], Meta(max_length=FIELDS_MAX)] = {}
    made_at: ClockEvidence  # shown and judged, never used for order
    schema: Annotated[int, Meta(ge=0)] = 0  # the one it was made under, if not the request's: an older app's journal
    reason: Annotated[str, Meta(max_length=500)] = ""
    sig: Signature | None = None


class PushRequest(Message, frozen=True, kw_only=True):
    """Mutations in the order of `n`; each stays raw so that one bad one parks alone."""

    epoch: Uuid | None = None
    mutations: Annotated[list[Raw], Meta(max_length=MUTATIONS_MAX)]


class FieldOutcome(Terse, frozen=True, kw_only=True):
    """How one touched field was settled, when it was not simply taken."""

    field: str
    policy: str
    kept: str  # "server", "mine" or "both"
    mine: Any = None
    theirs: Any = None
    theirs_by: str | None = None
    theirs_at: str | None = None
    conflict: Uuid | None = None  # the review that waits for a person


class Outcome(Terse, frozen=True, kw_only=True):
    """What became of one mutation; remembered, so that a retry gets the same answer."""

    n: int
    status: str  # applied · merged · noop · conflict · parked
    version: int | None = None
    fields: list[FieldOutcome] = []
    flags: list[str] = []  # error codes of things accepted but worth a look
    conflict: Uuid | None = None
    parked: Uuid | None = None
    problem: Problem | None = None


class PushResponse(Message, frozen=True, kw_only=True):
    """The highest number settled without a gap, and an outcome for each mutation that was looked at."""

    ack_n: Count
    expected_n: int | None = None  # set when numbers are missing: resend from here
    retry_after_ms: int | None = None
    outcomes: list[Outcome]


STATUSES = ("applied", "merged", "noop", "conflict", "parked")
