"""The card of a customer who waits: made when a ticket is tied to them, kept true while it lives, then taken away."""

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import TypeVar
from uuid import UUID, uuid5

import msgspec

from backend.domain.customers.queries import (
    CardRow,
    belongings_of,
    cards_of_customers,
    cards_of_tickets,
    crm_heard_at,
)
from backend.domain.customers.rules.card import CardFacts, Member, family_of, make_card
from backend.domain.handoffs.contacts import news_of
from backend.domain.handoffs.identifying import business_date, identify, keep_keys
from backend.domain.marketing.queries import customers_of, household_of
from backend.storage.snapshot import SqlSnapshot
from backend.storage.unit import SqlUnit
from contracts.base import Body
from contracts.kinds import Card, Customer, Holding, Product, Relation, Reminder, Ticket
from contracts.policy import Record
from sync.puts import Put
from sync.store import Key, Stored, Write

R = TypeVar("R", bound=Record)

# What another slice adds to a card - contacts of late, suggestions - from its facts and the card as far as the
# branch's right goes. It must say nothing that the card does not allow: `facts` know more than the branch may.
Addition = Callable[[SqlUnit, CardFacts, Body, str], Body]

CARDS = UUID("b0a4c6de-0c0f-5f0e-8d5a-7c1f3b9d2e10")  # the namespace of their ids
TIED = b'"customer_id"'
WAITING = frozenset({"waiting", "called", "recalled", "serving", "held", "transferred", "skipped", "returned"})
STALE_H = 36
CLAIMS_PER_HOUR = 120


class Arrivals:
    """The reactions that keep the cards of one server."""

    def __init__(
        self, *, claims_per_hour: int = CLAIMS_PER_HOUR, stale_h: int = STALE_H, additions: Sequence[Addition] = ()
    ) -> None:
        self._claims_per_hour, self._stale_h, self._additions = claims_per_hour, stale_h, additions

    def on_tickets(self, unit: SqlUnit, writes: Sequence[Write], at: str) -> list[Put]:
        """Answer claims; then give living tickets the card of their customer, and take the cards of all others."""
        if answers := identify(unit, writes, at, per_hour_max=self._claims_per_hour):
            answered = {put.id for put in answers}
            writes = [write for write in writes if write.after.id not in answered]  # it comes again, without its claim
            return answers + self._on_tied(unit, writes, at)
        return self._on_tied(unit, writes, at)

    def on_customers(self, unit: SqlUnit, writes: Sequence[Write], at: str) -> list[Put]:
        """Keep by what customers are found, and the cards of those who wait, and of their households."""
        keep_keys(unit, writes)
        return self._refresh(unit, {write.after.id for write in writes}, at)

    def on_belongings(self, unit: SqlUnit, writes: Sequence[Write], at: str) -> list[Put]:
        """Keep the cards of customers whose holdings, reminders or relations changed."""
        bodies = [one.body for write in writes for one in (write.before, write.after) if one is not None and one.body]
        return self._refresh(unit, {msgspec.json.decode(body, type=_Owned).customer_id for body in bodies}, at)

    def on_contacts(self, unit: SqlUnit, writes: Sequence[Write], at: str) -> list[Put]:
        """Keep the cards of customers who were spoken to, and of their households, by the ledger's word."""
        return self._refresh_households(unit, customers_of(unit.connection, {write.after.id for write in writes}), at)

    def on_grades(self, unit: SqlUnit, writes: Sequence[Write], at: str) -> list[Put]:
        """The same of customers who were visited, or were not after all."""
        return self._refresh_households(unit, {grade.customer_id for grade in news_of(writes).values()}, at)

    def _refresh_households(self, unit: SqlUnit, spoken_to: Collection[str], at: str) -> list[Put]:
        today = business_date(at).date().isoformat()
        households = (household_of(unit.connection, customer_id, today) for customer_id in sorted(spoken_to))
        return self._refresh(unit, {member for household in households for member in household}, at)

    def _on_tied(self, unit: SqlUnit, writes: Sequence[Write], at: str) -> list[Put]:
        tied = {write.after.id: write for write in writes if _is_tied(write)}
        if not tied:
            return []
        out = {row.ticket_id: row for row in cards_of_tickets(unit.connection, tied)}
        wanted = {id: _wanted(write.after) for id, write in tied.items()}
        ended = [row for id, row in out.items() if row.customer_id != _customer_of(wanted[id])]
        kept = out.keys() - {row.ticket_id for row in ended}
        fresh = [
            CardRow(
                id=card_id(id, ticket.customer_id, tied[id].after.version), ticket_id=id, branch_id=ticket.branch_id,
                customer_id=ticket.customer_id,
            )
            for id, ticket in wanted.items()
            if ticket is not None and ticket.customer_id is not None and id not in kept
        ]  # fmt: skip
        return [*_taken(ended), *self._made(unit, fresh, at)]

    def _refresh(self, unit: SqlUnit, customers: Collection[str], at: str) -> list[Put]:
        return self._made(unit, cards_of_customers(unit.connection, customers), at) if customers else []

    def _made(self, unit: SqlUnit, rows: Sequence[CardRow], at: str) -> list[Put]:
        """Return the cards as they are now; the card of a customer who is no more is taken away."""
        known = card_facts(unit, rows, at, self._stale_h)
        made = [self._card(unit, row, known[row.id], at) for row in rows if row.id in known]
        return [*_taken(row for row in rows if row.id not in known), *made]

    def _card(self, unit: SqlUnit, row: CardRow, facts: CardFacts, at: str) -> Put:
        card = make_card(facts)
        for add in self._additions:
            card |= add(unit, facts, card, at)
        return Put(kind=Card.kind, id=row.id, body=card)


def card_id(ticket_id: str, customer_id: str | None, version: int) -> str:
    """Return the one id of the card that a ticket got when it was tied to a customer at this version."""
    return str(uuid5(CARDS, f"{ticket_id}|{customer_id}|{version}"))


def card_facts(unit: SqlUnit, rows: Sequence[CardRow], at: str, stale_h: int) -> dict[str, CardFacts]:
    """Return what cards are made from, card id → facts; of customers who are no more, nothing.

    The customers are locked, households too: whoever changes them or what is theirs meets the cards afterwards.
    """
    if not rows:
        return {}
    ids, today = {row.customer_id for row in rows}, business_date(at).date().isoformat()
    relations = _belongings(unit, Relation, ids)
    family = {id: family_of(relations.get(id, ()), today) for id in ids}
    everybody = ids | {relation.related_id for own in family.values() for relation in own}
    customers = _read_all(unit.records([Key("customer", id) for id in everybody]), Customer)
    holdings, reminders = _belongings(unit, Holding, everybody), _belongings(unit, Reminder, ids)
    products = _look_up(unit, Product, {held.product_id for own in holdings.values() for held in own})
    heard_at = crm_heard_at(unit.connection)
    members = {
        id: [
            Member(relation=one, customer=customers[one.related_id], holdings=holdings.get(one.related_id, ()))
            for one in own
            if one.related_id in customers
        ]
        for id, own in family.items()
    }
    return {
        row.id: CardFacts(
            branch_id=row.branch_id, ticket_id=row.ticket_id, customer_id=row.customer_id, today=today,
            customer=customers[row.customer_id], holdings=holdings.get(row.customer_id, ()),
            reminders=reminders.get(row.customer_id, ()), members=members[row.customer_id], products=products,
            crm_at=heard_at, stale_h=stale_h,
        )
        for row in rows
        if row.customer_id in customers
    }  # fmt: skip


class _Owned(msgspec.Struct):
    customer_id: str


def _is_tied(write: Write) -> bool:
    """Say whether a ticket has a customer or had one; most have none, and their bodies need no reading."""
    return TIED in write.after.body or (write.before is not None and TIED in write.before.body)


def _wanted(stored: Stored) -> Ticket | None:
    """Return the ticket if its customer waits for something."""
    ticket = _read(stored, Ticket) if stored.standing == "live" else None
    return ticket if ticket and ticket.customer_id and ticket.state in WAITING else None


def _customer_of(ticket: Ticket | None) -> str | None:
    return ticket.customer_id if ticket else None


def _taken(rows: Iterable[CardRow]) -> list[Put]:
    return [Put(kind=Card.kind, id=row.id, body=None) for row in rows]


def _belongings(unit: SqlUnit, record: type[R], customers: Collection[str]) -> dict[str, list[R]]:
    """Return customer id → their live records of a kind."""
    found = _look_up(unit, record, belongings_of(unit.connection, record.kind, customers))
    theirs: dict[str, list[R]] = {}
    for one in found.values():
        theirs.setdefault(one.customer_id, []).append(one)  # type: ignore[attr-defined]  # belongings have an owner
    return theirs


def _look_up(unit: SqlUnit, record: type[R], ids: Collection[str]) -> dict[str, R]:
    """Return live records by id, without keeping others from them."""
    return _read_all(SqlSnapshot.records(unit, [Key(record.kind, id) for id in ids]), record)


def _read_all(found: dict[Key, Stored], record: type[R]) -> dict[str, R]:
    return {key.id: _read(stored, record) for key, stored in found.items() if stored.standing == "live"}


def _read(stored: Stored, record: type[R]) -> R:
    return msgspec.json.decode(stored.body, type=record)
