"""What a teller system asks and tells, and what it is answered; docs/teller-systems.md is written for its maker."""

from typing import Annotated, Literal

from msgspec import Meta

from contracts.base import BusinessDate, Message, Moment, OrgId, RecordId, Sha256Hex, StaffNo
from contracts.kinds.form import Value, ValueKey
from contracts.kinds.ticket import Overflow
from contracts.leases import Series

RequestId = Annotated[str, Meta(pattern=r"^[A-Za-z0-9._:-]{1,64}(?!\n)$")]


class TicketName(Message, frozen=True, kw_only=True):
    """A queue number as it is printed on the customer's paper."""

    series: Series
    number: Annotated[int, Meta(ge=1, le=99_999)]
    date: BusinessDate
    overflow: Overflow | None = None


class LoadRequest(Message, frozen=True, kw_only=True):
    """Ask for a form by pick-up code or by queue number; one that serves several branches names the `branch_id`."""

    request_id: RequestId
    branch_id: OrgId | None = None
    pick_up_code: Annotated[str, Meta(max_length=20)] | None = None
    ticket: TicketName | None = None
    teller: StaffNo | None = None


class LoadedField(Message, frozen=True, kw_only=True, omit_defaults=True):
    """One field of the form as the counter gets it; `code` is the bank's own code of a choice or an inverted flag."""

    key: str
    label: str
    type: str
    value: Value = None
    code: str = ""
    source: str = ""  # where the value was prefilled from
    as_of: str = ""
    is_changed: bool = False  # the customer said something else than what was prefilled


class LoadResponse(Message, frozen=True, kw_only=True):
    """The form for the counter. Whoever asks again under the same `request_id` gets it again."""

    form_id: RecordId
    branch_id: OrgId
    template_code: str
    template_version: int
    title: str
    customer_no: str = ""
    ticket_id: RecordId | None = None
    fields: list[LoadedField]
    papers: list[str] = []  # codes of those that were seen
    lacks: list[str] = []  # what is missing or wrong in it, in words
    confirmed_at: Moment | None = None
    is_as_confirmed: bool = True  # false: changed after the customer confirmed it, to be signed again
    loaded_at: Moment
    more: int = 0  # further forms that wait under the same queue number


class Resignature(Message, frozen=True, kw_only=True):
    """The customer signed again what the teller changed."""

    signed_at: Moment
    sha256: Sha256Hex | None = None  # of the picture or the document that was signed


class ResultRequest(Message, frozen=True, kw_only=True):
    """What became of a loaded form; `values` are the teller's, of the fields that were changed."""

    request_id: RequestId
    form_id: RecordId
    outcome: Literal["accepted", "changed", "rejected"]
    values: Annotated[dict[ValueKey, Value], Meta(max_length=150)] = {}
    reason: Annotated[str, Meta(max_length=500)] = ""
    resignature: Resignature | None = None
    teller: StaffNo | None = None


class ResultResponse(Message, frozen=True, kw_only=True):
    """The form's end. Whoever tells it again under the same `request_id` gets the same answer."""

    form_id: RecordId
    state: str
    changed: list[str] = []  # keys of the fields in which the teller and the customer differ
    ended_at: Moment
