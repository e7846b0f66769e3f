"""Customers as a person at a desk sees them: masked, and a field in full for whoever says why."""

from typing import Annotated, Any

from msgspec import Meta

from contracts.auth import PRINTABLE
from contracts.base import BusinessDate, Message, Moment, Uuid


class RevealRequest(Message, frozen=True, kw_only=True):
    """Ask for one field in full; it is audited who asked and why, never what it held."""

    field: Annotated[str, Meta(min_length=1, max_length=60, pattern=PRINTABLE)]
    reason: Annotated[str, Meta(min_length=2, max_length=200)]  # 核对 is one


class RevealAnswer(Message, frozen=True, kw_only=True):
    """The field in full."""

    field: str
    value: Any


class HoldingView(Message, frozen=True, kw_only=True):
    """What a customer holds, without its amount: `balances` reveals that."""

    product_id: Uuid
    org_id: str
    account: str = ""  # ****1234
    due_on: BusinessDate | None = None
    as_of: Moment


class ReminderView(Message, frozen=True, kw_only=True):
    """What wants to be acted upon."""

    sort: str
    org_id: str
    due_on: BusinessDate | None = None


class CustomerView(Message, frozen=True, kw_only=True):
    """A customer as far as the caller's right goes, with private fields masked (requirements.md, section 2)."""

    id: Uuid
    right: str  # host · assist · none
    fields: dict[str, Any]
    revealable: list[str]  # what the caller may ask to see in full
    holdings: list[HoldingView] = []
    reminders: list[ReminderView] = []
    as_of: Moment
    stale_at: Moment  # from then on the screen says "data as of …" beside it
