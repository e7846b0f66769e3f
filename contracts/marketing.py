"""What is told online about marketing: a customer's contacts, and what came of each product."""

from contracts.base import BusinessDate, Count, Message, Moment, OrgId, RecordId, StaffNo


class ContactItem(Message, frozen=True, kw_only=True):
    """A contact with a customer, without what was said; `product_id` and the outcome only where they may be seen."""

    id: RecordId
    at: Moment
    channel: str
    stage: str
    org_id: OrgId
    author: StaffNo
    product_id: RecordId | None = None
    follows: RecordId | None = None
    is_marketing: bool  # counts for the cap
    is_unwelcome: bool = False  # the customer had refused to be offered anything


class ContactPage(Message, frozen=True, kw_only=True):
    """A customer's contacts, newest first."""

    items: list[ContactItem]
    next: str | None = None


class Effect(Message, frozen=True, kw_only=True):
    """What came of one product in one institution (001-08): contacts of each outcome, and the customers behind them."""

    product_id: RecordId
    product_name: str
    org_id: OrgId
    recommended: Count = 0
    interested: Count = 0
    reserved: Count = 0
    referred: Count = 0
    done: Count = 0
    refused: Count = 0
    customers_recommended: Count = 0
    customers_done: Count = 0
    conversion: float | None = None  # customers to whom it was done, of those who were offered it; none: none were
    unwelcome: Count = 0  # offers to customers who had refused them


class EffectPage(Message, frozen=True, kw_only=True):
    """What came of everything that was offered between two business dates, both included."""

    since: BusinessDate
    until: BusinessDate
    items: list[Effect]
