"""A customer on a screen of somebody who works online: masked, and field by field in full (requirements.md §2)."""

from collections.abc import Collection, Sequence
from typing import Any

from msgspec import Struct

from backend.domain.customers.rules.card import stale_at
from backend.domain.customers.rules.masking import mask_field, mask_name, mask_tail
from backend.domain.customers.rules.rights import Right, may_see_business, visible_care
from contracts.customers import CustomerView, HoldingView, ReminderView
from contracts.kinds.customer import Customer, Holding
from contracts.kinds.reminder import Reminder

BALANCES = "balances"
STRANGER_FIELDS = ("name", "level", "type", "is_marketing_refused")  # what everybody in whose line they stand may know
PLAIN_FIELDS = (
    "customer_no", "type", "gender", "marital_status", "education", "occupation", "employer", "best_time",
    "customer_class", "level", "labels", "risk_level", "risk_assessed_on", "is_marketing_refused", "host_org",
    "assist_org",
)  # fmt: skip
MASKED_FIELDS = (
    "name", "birth_year", "certificate_tail", "phone", "home_phone", "work_phone", "email", "home_address",
    "mail_address", "contact_note",
)  # fmt: skip


class Sight(Struct, frozen=True, kw_only=True):
    """A customer with what is theirs, and whose eyes look: their right and the institutions that they answer for."""

    customer_id: str
    customer: Customer
    right: Right
    orgs: Collection[str]
    holdings: Sequence[Holding] = ()
    reminders: Sequence[Reminder] = ()
    crm_at: str = ""
    stale_h: int = 36

    @property
    def business(self) -> list[Holding]:
        """What of the holdings may be seen."""
        return [held for held in self.holdings if may_see_business(self.right, held.org_id, self.orgs)]


def make_view(sight: Sight) -> CustomerView:
    """Return what is shown by default."""
    as_of = max(sight.customer.as_of, sight.crm_at)
    reminders = [
        one for one in sight.reminders if one.state == "open" and may_see_business(sight.right, one.org_id, sight.orgs)
    ]
    return CustomerView(
        id=sight.customer_id, right=sight.right.value, fields=_fields(sight), revealable=sorted(revealable(sight)),
        holdings=[
            HoldingView(
                product_id=held.product_id, org_id=held.org_id, account=mask_tail(held.account_tail),
                due_on=held.due_on, as_of=held.as_of,
            )
            for held in sight.business
        ],
        reminders=[ReminderView(sort=one.sort, org_id=one.org_id, due_on=one.due_on) for one in reminders],
        as_of=as_of, stale_at=stale_at(as_of, sight.stale_h),
    )  # fmt: skip


def revealable(sight: Sight) -> frozenset[str]:
    """Return the fields that may be seen in full on demand: those that hold something and are masked."""
    allowed = ("name",) if sight.right is Right.NONE else MASKED_FIELDS
    named = {name for name in allowed if getattr(sight.customer, name)}
    return frozenset(named | ({BALANCES} if sight.business else set()))


def reveal_field(sight: Sight, field: str) -> Any:
    """Return a field in full; `balances` is the list of what is held where, in Fen."""
    if field == BALANCES:
        return [
            {"product_id": held.product_id, "org_id": held.org_id, "balance_fen": held.balance_fen, "as_of": held.as_of}
            for held in sight.business
        ]
    return getattr(sight.customer, field)


def _fields(sight: Sight) -> dict[str, Any]:
    customer, is_stranger = sight.customer, sight.right is Right.NONE
    plain = [name for name in PLAIN_FIELDS if not is_stranger or name in STRANGER_FIELDS]
    shown = {name: _plain(getattr(customer, name)) for name in plain}
    masked = [name for name in MASKED_FIELDS if not is_stranger or name in STRANGER_FIELDS]
    shown |= {name: mask_field(name, getattr(customer, name)) for name in masked}
    shown["name"] = mask_name(customer.name, is_company=customer.type == "company")
    return shown | {"care": visible_care(sight.right, customer.care)}


def _plain(value: Any) -> Any:
    return sorted(value) if isinstance(value, frozenset) else value
