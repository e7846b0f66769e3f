"""The card: what a branch may know of the customer who waits there (001-11, 001-13)."""

from collections.abc import Iterable, Mapping, Sequence

import msgspec
from msgspec import Struct

from backend.domain.customers.rules.masking import mask_name
from backend.domain.customers.rules.rights import FAMILY, Right, may_see_business, right_of, visible_care
from contracts.base import Body
from contracts.kinds.card import CardHolding, CardMember, CardReminder
from contracts.kinds.catalog import Product
from contracts.kinds.customer import Customer, Holding
from contracts.kinds.relation import Relation
from contracts.kinds.reminder import Reminder
from sync.moments import read_moment, shift_moment

HOLDINGS_MAX, REMINDERS_MAX, MEMBERS_MAX = 200, 50, 20
# What a form can be prefilled from (domain-rules.md §10).
CONTACT_FIELDS = (
    "phone", "home_phone", "work_phone", "email", "home_address", "mail_address", "marital_status", "education",
    "occupation", "employer", "best_time", "contact_note",
)  # fmt: skip


class Member(Struct, frozen=True, kw_only=True):
    """Somebody whom a relation names, with what they hold."""

    relation: Relation
    customer: Customer
    holdings: Sequence[Holding] = ()


class CardFacts(Struct, frozen=True, kw_only=True):
    """All that a card is made from. `crm_at` is when the CRM was last heard of, "" if by nobody's word."""

    branch_id: str
    ticket_id: str
    customer_id: str
    customer: Customer
    today: str  # business date
    holdings: Sequence[Holding] = ()
    reminders: Sequence[Reminder] = ()
    members: Sequence[Member] = ()
    products: Mapping[str, Product] = {}
    crm_at: str = ""
    stale_h: int = 36

    @property
    def right(self) -> Right:
        """How much the branch may see."""
        return right_of(self.customer, {self.branch_id})


def make_card(facts: CardFacts) -> Body:
    """Return the card as far as the branch's right goes; without one, that is the name and the level."""
    customer, as_of = facts.customer, max(facts.customer.as_of, facts.crm_at)
    card: Body = {
        "branch_id": facts.branch_id, "ticket_id": facts.ticket_id, "customer_id": facts.customer_id,
        "right": facts.right.value, "name": customer.name, "type": customer.type, "level": customer.level,
        "is_marketing_refused": customer.is_marketing_refused, "care": visible_care(facts.right, customer.care),
        "holdings": msgspec.to_builtins(_holdings(facts)), "reminders": msgspec.to_builtins(_reminders(facts)),
        "crm_revision": customer.crm_revision, "as_of": as_of, "stale_at": stale_at(as_of, facts.stale_h),
    }  # fmt: skip
    return card if facts.right is Right.NONE else card | _own_customer(facts)


def stale_at(as_of: str, stale_h: int) -> str:
    """Return from when on screens say how old the CRM's data is (domain-rules.md §13); of no moment, always."""
    return shift_moment(as_of, hours=stale_h) if read_moment(as_of) else as_of


def family_of(relations: Iterable[Relation], today: str) -> list[Relation]:
    """Return the relations that make a household today (004-05)."""
    lasting = (relation for relation in relations if not (relation.until and relation.until < today))
    return [relation for relation in lasting if relation.role in FAMILY]


def _own_customer(facts: CardFacts) -> Body:
    """Return what the host and the assisting branch know of their customer."""
    customer = facts.customer
    contact = {name: text for name in CONTACT_FIELDS if (text := getattr(customer, name))}
    return {
        "customer_no": customer.customer_no, "gender": customer.gender, "birth_year": customer.birth_year,
        "certificate_tail": customer.certificate_tail, "customer_class": customer.customer_class, "contact": contact,
        "labels": sorted(customer.labels), "risk_level": customer.risk_level,
        "risk_assessed_on": customer.risk_assessed_on, "household": msgspec.to_builtins(_household(facts)),
    }  # fmt: skip


def _holdings(facts: CardFacts) -> list[CardHolding]:
    seen = [held for held in facts.holdings if may_see_business(facts.right, held.org_id, {facts.branch_id})]
    shown = [
        CardHolding(
            product_id=held.product_id, product_name=_name_of(facts, held), family=_family_of(facts, held),
            org_id=held.org_id, balance_fen=held.balance_fen, due_on=held.due_on, as_of=held.as_of,
        )
        for held in seen
    ]  # fmt: skip
    return sorted(shown, key=lambda held: (-(held.balance_fen or 0), held.product_id, held.org_id))[:HOLDINGS_MAX]


def _reminders(facts: CardFacts) -> list[CardReminder]:
    """Return the open reminders: whose business they are about decides, as for holdings."""
    seen = [
        one
        for one in facts.reminders
        if one.state == "open" and may_see_business(facts.right, one.org_id, {facts.branch_id})
    ]
    shown = [CardReminder(sort=one.sort, text=one.text, due_on=one.due_on) for one in seen]
    return sorted(shown, key=lambda one: (one.due_on or "9999", one.sort, one.text))[:REMINDERS_MAX]


def _household(facts: CardFacts) -> list[CardMember]:
    """Return the family with masked names, and what kinds of products they hold where the branch may see that."""
    shown = [
        CardMember(
            name=mask_name(member.customer.name), role=member.relation.role, families=_families(facts, member)
        )
        for member in facts.members
    ]  # fmt: skip
    return sorted(shown, key=lambda member: (member.role, member.name))[:MEMBERS_MAX]


def _families(facts: CardFacts, member: Member) -> list[str]:
    right = right_of(member.customer, {facts.branch_id})
    seen = [held for held in member.holdings if may_see_business(right, held.org_id, {facts.branch_id})]
    return sorted({family for held in seen if (family := _family_of(facts, held))})


def _name_of(facts: CardFacts, held: Holding) -> str:
    product = facts.products.get(held.product_id)
    return product.name if product else ""


def _family_of(facts: CardFacts, held: Holding) -> str:
    product = facts.products.get(held.product_id)
    return product.family if product else ""
