"""Reading what belongs to customers, whose cards are out, and who is found by a key; keeping keys up to date."""

from collections.abc import Collection, Iterable, Mapping

from msgspec import Struct
from sqlalchemy import Connection, Table, delete, func, insert, or_, select, update

from backend.domain.customers.models import card, crm_feed, customer_key, holding, relation, reminder
from backend.domain.customers.rules.keys import CustomerKey
from backend.storage.quick import fetch
from backend.storage.statements import among

CUSTOMERS_MAX = 2_000  # of one question: a batch of the CRM's word, and the households of those in it
CANDIDATES_MAX = 2  # one is a match, two are a doubt
BELONGINGS: Mapping[str, Table] = {"holding": holding, "reminder": reminder, "relation": relation}


_HOUSEHOLD = select(relation.c.customer_id).where(among(relation.c.related_id, "their_ids"))
CARDS_OF_CUSTOMERS = (
    select(card)
    .where(or_(among(card.c.customer_id, "ids"), card.c.customer_id.in_(_HOUSEHOLD)))
    .order_by(card.c.id)
)  # fmt: skip


class CardRow(Struct, frozen=True, kw_only=True):
    """A card that is out."""

    id: str
    ticket_id: str
    customer_id: str
    branch_id: str


def belongings_of(connection: Connection, kind: str, customer_ids: Collection[str]) -> list[str]:
    """Return the ids of all records of a kind - holding, reminder, relation - that are some customers'."""
    table = BELONGINGS[kind]
    chosen = select(table.c.id).where(table.c.customer_id.in_(_some(customer_ids)))
    return list(connection.scalars(chosen.order_by(table.c.id)))


def cards_of_tickets(connection: Connection, ticket_ids: Collection[str]) -> list[CardRow]:
    """Return the cards that are out for some tickets."""
    rows = connection.execute(select(card).where(card.c.ticket_id.in_(_some(ticket_ids))).order_by(card.c.id))
    return [CardRow(**row._mapping) for row in rows]


def cards_of_customers(connection: Connection, customer_ids: Collection[str]) -> list[CardRow]:
    """Return the cards that are out of some customers, and of those in whose household they are."""
    names, changed = card.c.keys(), _some(customer_ids)
    found = fetch(connection, CARDS_OF_CUSTOMERS, changed, changed)
    return [CardRow(**dict(zip(names, row, strict=True))) for row in found]


def list_by_key(connection: Connection, key: CustomerKey) -> list[str]:
    """Return who has a key; at most CANDIDATES_MAX, since more would only be a greater doubt."""
    same = customer_key.c.hash == key.hash, customer_key.c.sort == key.sort
    chosen = select(customer_key.c.customer_id).where(*same).order_by(customer_key.c.customer_id)
    return list(connection.scalars(chosen.limit(CANDIDATES_MAX)))


def replace_keys(
    connection: Connection, sorts: Collection[str], keys: Mapping[str, Iterable[CustomerKey]]
) -> None:  # fmt: skip
    """Make these the only keys of some sorts that each customer has; customer id → keys."""
    if not keys:
        return
    theirs = customer_key.c.customer_id.in_(_some(keys)), customer_key.c.sort.in_(sorted(sorts))
    connection.execute(delete(customer_key).where(*theirs))
    rows = [
        {"customer_id": id, "sort": key.sort, "hash": key.hash} for id, own in keys.items() for key in sorted(set(own))
    ]
    if rows:
        connection.execute(insert(customer_key), rows)


def forget_keys(connection: Connection, customer_ids: Collection[str]) -> None:
    """Let some customers be found by nothing any more."""
    connection.execute(delete(customer_key).where(customer_key.c.customer_id.in_(_some(customer_ids))))


def note_feed(connection: Connection, source: str, as_of: str) -> None:
    """Remember how far a source of the CRM's word has come; an older moment changes nothing."""
    known = connection.scalar(select(crm_feed.c.as_of).where(crm_feed.c.source == source))
    if known is None:
        connection.execute(insert(crm_feed).values(source=source, as_of=as_of))
    elif known < as_of:
        connection.execute(update(crm_feed).where(crm_feed.c.source == source).values(as_of=as_of))


def crm_heard_at(connection: Connection) -> str:
    """Return how fresh the CRM's word is, by its newest source; "" if none was ever heard."""
    return connection.scalar(select(func.max(crm_feed.c.as_of))) or ""


def _some(customer_ids: Collection[str]) -> list[str]:
    assert len(customer_ids) <= CUSTOMERS_MAX
    return sorted(customer_ids)
