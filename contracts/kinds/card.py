"""A card: what a branch may know of the customer who waits there, for as long as the ticket lives (001-11, 001-13)."""

from typing import Annotated, ClassVar

from msgspec import Meta, Struct

from contracts.base import BusinessDate, Count, Moment, OrgId, RecordId
from contracts.policy import Merge, Record
from contracts.privacy import Privacy

Word = Annotated[str, Meta(max_length=40)]
Sentence = Annotated[str, Meta(max_length=300)]


class CardHolding(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One product that the customer holds, as far as the branch's right goes."""

    product_id: RecordId
    product_name: Annotated[str, Meta(max_length=100)] = ""
    family: Word = ""
    org_id: OrgId
    balance_fen: int | None = None
    due_on: BusinessDate | None = None
    as_of: Moment


class CardReminder(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Something about the customer that wants to be acted upon (001-14, 001-16)."""

    sort: Word
    text: Sentence = ""
    due_on: BusinessDate | None = None


class CardContact(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A contact of late, by whomever, so that nobody offers the same thing twice (001-07)."""

    at: Moment
    channel: Word
    stage: Word
    product_id: RecordId | None = None


class CardMember(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Somebody of the customer's household (004-05); the name is masked."""

    name: Word
    role: Word
    families: Annotated[list[Word], Meta(max_length=20)] = []  # of products held where the branch may see that


class Suggestion(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A product to offer, or one that must not be offered; either way every reason is told (domain-rules.md §9)."""

    product_id: RecordId
    score: float = 0
    needs_min: Annotated[int, Meta(ge=0, le=600)] = 0  # minutes that the talk takes; offer it if the wait is longer
    reasons: Annotated[list[Sentence], Meta(max_length=20)] = []
    barred_by: Annotated[list[Word], Meta(max_length=20)] = []  # codes of the filters that keep it back


class Card(Record, frozen=True, kw_only=True):
    """Made by the server when a ticket is tied to a customer, taken away when the ticket's life ends."""

    kind: ClassVar[str] = "card"

    branch_id: Annotated[OrgId, Merge.SERVER]
    ticket_id: Annotated[RecordId, Merge.SERVER]
    customer_id: Annotated[RecordId, Merge.SERVER]
    right: Annotated[str, Merge.SERVER, Meta(max_length=10)]  # host · assist · none: how much of it is shown
    customer_no: Annotated[str, Merge.SERVER, Meta(max_length=11)] = ""
    name: Annotated[str, Merge.SERVER, Privacy.C2, Meta(max_length=160)]
    type: Annotated[str, Merge.SERVER, Meta(max_length=10)] = "person"
    gender: Annotated[str, Merge.SERVER, Meta(max_length=1)] = ""
    birth_year: Annotated[int | None, Merge.SERVER, Privacy.C2] = None
    certificate_tail: Annotated[str, Merge.SERVER, Privacy.C2, Meta(max_length=4)] = ""
    customer_class: Annotated[str, Merge.SERVER, Meta(max_length=20)] = ""
    level: Annotated[str, Merge.SERVER, Meta(max_length=20)] = ""
    contact: Annotated[dict[Word, Sentence], Merge.SERVER, Privacy.C2, Meta(max_length=30)] = {}  # for prefilling forms
    labels: Annotated[list[Word], Merge.SERVER, Privacy.C2, Meta(max_length=30)] = []
    risk_level: Annotated[int, Merge.SERVER, Privacy.C2, Meta(ge=0, le=5)] = 0  # 0: never assessed
    risk_assessed_on: Annotated[BusinessDate | None, Merge.SERVER, Privacy.C2] = None
    is_marketing_refused: Annotated[bool, Merge.SERVER] = False
    care: Annotated[list[Word], Merge.SERVER, Privacy.C2, Meta(max_length=10)] = []  # why service comes before sales
    holdings: Annotated[list[CardHolding], Merge.SERVER, Privacy.C2, Meta(max_length=200)] = []
    reminders: Annotated[list[CardReminder], Merge.SERVER, Privacy.C2, Meta(max_length=50)] = []
    contacts: Annotated[list[CardContact], Merge.SERVER, Privacy.C2, Meta(max_length=20)] = []
    household: Annotated[list[CardMember], Merge.SERVER, Privacy.C2, Meta(max_length=20)] = []
    suggestions: Annotated[list[Suggestion], Merge.SERVER, Privacy.C2, Meta(max_length=200)] = []
    suppressed: Annotated[list[Suggestion], Merge.SERVER, Privacy.C2, Meta(max_length=200)] = []
    crm_revision: Annotated[Count, Merge.SERVER]
    as_of: Annotated[Moment, Merge.SERVER]  # data age of what the CRM said
    stale_at: Annotated[Moment, Merge.SERVER] = ""  # from then on the screen says "data as of …" beside it
