"""A form: a filled pre-filled form (预填单), ready before the counter."""

from typing import Annotated, Any, ClassVar

from msgspec import Meta, Struct

from contracts.base import Count, Moment, OrgId, RecordId, Sha256Hex, StaffNo
from contracts.policy import Life, Merge, Op, Record, Step, full_matrix
from contracts.privacy import Privacy

STATES = (
    "draft", "complete", "confirmed", "bound", "loaded",
    "accepted", "changed", "rejected", "expired", "cancelled",
)  # fmt: skip

# Life of domain-rules.md §10. The teller's word ends it; a form that ended is never reopened.
APPLY, NOOP, SUPERSEDE, PARK = Step.APPLY, Step.NOOP, Step.SUPERSEDE, Step.PARK
EARLIER = "draft complete confirmed bound loaded"
FORM_MATRIX = full_matrix(
    STATES,
    {
        "draft": {APPLY: "complete cancelled expired", SUPERSEDE: "draft"},
        "complete": {APPLY: "draft confirmed cancelled expired", NOOP: "complete"},
        "confirmed": {APPLY: "draft bound cancelled expired", NOOP: "confirmed", SUPERSEDE: "complete"},
        "bound": {APPLY: "loaded cancelled expired", SUPERSEDE: "draft complete confirmed bound"},
        "loaded": {
            APPLY: "accepted changed rejected expired",
            SUPERSEDE: "draft complete confirmed bound loaded cancelled",
        },
        "accepted": {SUPERSEDE: f"{EARLIER} changed rejected expired cancelled", NOOP: "accepted"},
        "changed": {SUPERSEDE: f"{EARLIER} accepted rejected expired cancelled", NOOP: "changed"},
        "rejected": {SUPERSEDE: f"{EARLIER} accepted changed expired cancelled", NOOP: "rejected"},
        "expired": {SUPERSEDE: f"{EARLIER} accepted changed rejected cancelled", NOOP: "expired"},
        "cancelled": {SUPERSEDE: f"{EARLIER} accepted changed rejected expired", NOOP: "cancelled"},
    },
)

ENDED = frozenset({"accepted", "changed", "rejected", "expired", "cancelled"})
AT_COUNTER = frozenset({"loaded"}) | ENDED  # from here on nobody types into it any more

ShortText = Annotated[str, Meta(max_length=40)]
Value = str | int | float | bool | None | list[Any] | dict[str, Any]
ValueKey = Annotated[str, Meta(max_length=60)]


class ValueSource(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where a prefilled value came from, how old it was, and what it was: the customer's changes show against it."""

    source: Annotated[str, Meta(max_length=20)]  # crm · reader · form
    as_of: Moment
    was: Annotated[str, Meta(max_length=300)] | bool | int | None = None


class Form(Record, frozen=True, kw_only=True):
    """A filled form of one template version; `values.<key>` merges key by key."""

    kind: ClassVar[str] = "form"
    ops: ClassVar[frozenset[Op]] = frozenset({Op.CREATE, Op.PATCH, Op.TRANSITION, Op.DELETE})
    life: ClassVar[Life] = Life(
        first="draft",
        matrix=FORM_MATRIX,
        facts=frozenset(
            {"ticket_id", "confirmed_at", "signature", "teller", "teller_values", "reject_reason", "resigned_at",
             "resignature"}
        ),
    )  # fmt: skip

    branch_id: Annotated[OrgId, Merge.SERVER]
    template_id: Annotated[RecordId, Merge.SERVER]
    template_version: Annotated[int, Merge.SERVER, Meta(ge=1)] = 1
    state: Annotated[str, Merge.SERVER, Meta(max_length=12)]
    customer_id: Annotated[RecordId | None, Merge.ASK] = None
    ticket_id: Annotated[RecordId | None, Merge.ASK] = None
    name: Annotated[str, Merge.ESCALATE, Privacy.C2, Meta(max_length=160)] = ""
    phone: Annotated[str, Merge.ESCALATE, Privacy.C2, Meta(max_length=35)] = ""
    best_time: Annotated[ShortText | None, Merge.LATEST_PUSH] = None
    tags: Annotated[frozenset[Annotated[str, Meta(max_length=40)]], Merge.UNION, Meta(max_length=50)] = frozenset()
    remark: Annotated[str, Merge.APPEND, Meta(max_length=2000)] = ""
    amount_fen: Annotated[Count | None, Merge.ASK, Privacy.C2] = None
    copies: Annotated[int, Merge.MAX, Meta(ge=0, le=99)] = 1
    values: Annotated[dict[ValueKey, Value], Merge.ESCALATE, Privacy.C2, Meta(max_length=150)] = {}
    sources: Annotated[dict[ValueKey, ValueSource], Merge.LATEST_PUSH, Privacy.C2, Meta(max_length=150)] = {}
    papers: Annotated[dict[ValueKey, bool], Merge.LATEST_PUSH, Meta(max_length=30)] = {}  # seen by whom fills it
    confirmed_at: Annotated[Moment | None, Merge.SERVER] = None
    signature: Annotated[Sha256Hex | None, Merge.SERVER] = None  # of the picture of what the customer signed
    teller: Annotated[StaffNo | None, Merge.SERVER] = None
    teller_values: Annotated[dict[ValueKey, Value], Merge.SERVER, Privacy.C2, Meta(max_length=150)] = {}  # that differ
    reject_reason: Annotated[str, Merge.SERVER, Meta(max_length=500)] = ""
    resigned_at: Annotated[Moment | None, Merge.SERVER] = None  # what a teller changes, the customer signs again
    resignature: Annotated[Sha256Hex | None, Merge.SERVER] = None
    pick_up_code: Annotated[str, Merge.STAMPED, Meta(max_length=8)] = ""  # good for one loading
    pick_up_expires_at: Annotated[Moment | None, Merge.STAMPED] = None
    confirmed_digest: Annotated[Sha256Hex | None, Merge.STAMPED] = None  # of the values that the customer confirmed
    author: Annotated[StaffNo | None, Merge.STAMPED] = None
    install_id: Annotated[RecordId | None, Merge.STAMPED] = None
    made_at: Annotated[Moment | None, Merge.STAMPED] = None
    state_by: Annotated[StaffNo | None, Merge.STAMPED] = None
    state_at: Annotated[Moment | None, Merge.STAMPED] = None
