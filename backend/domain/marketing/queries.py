"""Keeping and reading the ledger of contacts, households, and the products there are to offer."""

from collections.abc import Collection, Sequence
from typing import Any

import msgspec
from msgspec import Struct
from sqlalchemy import (
    Column,
    Connection,
    Row,
    Select,
    and_,
    bindparam,
    delete,
    func,
    insert,
    literal_column,
    or_,
    select,
    update,
)

from backend.domain.marketing.models import contact_entry, household_tie, product
from backend.domain.marketing.rules.cap import occasion_of
from backend.domain.marketing.rules.effects import Outcome
from backend.domain.marketing.rules.facts import Offered, Touch
from backend.storage.quick import fetch, replace_rows
from backend.storage.statements import among
from backend.storage.tables import record
from contracts.kinds.catalog import CodeList, Product

PRODUCTS_MAX = 2000
LISTS_MAX = 500
LABEL_LIST = "potential_label"
LABELS = LABEL_LIST.encode()  # what the stored bytes of that list hold, whatever else they do
MEMBERS_MAX = 50  # of one household
TOUCHES_MAX = 1000  # of one household within the days that a cap looks back
ROWS_MAX = 50_000  # of one branch's day, or of one effects table


def _ends(own: Column[str], other: Column[str]) -> Select[Any]:
    """Select who is at the other end of a customer's ties that last on a day."""
    until = household_tie.c.until
    lasting = or_(until.is_(None), until >= bindparam("today", type_=until.type))
    chosen = select(other).where(own == bindparam("customer_id", type_=own.type), lasting).order_by(other)
    return chosen.limit(literal_column(str(MEMBERS_MAX))).offset(literal_column("0"))


CUSTOMERS_OF = select(contact_entry.c.customer_id).distinct().where(among(contact_entry.c.id, "ids"))
HOUSEHOLD_ENDS = (
    _ends(household_tie.c.customer_id, household_tie.c.related_id),
    _ends(household_tie.c.related_id, household_tie.c.customer_id),
)

_product = msgspec.json.Decoder(Product)
_code_list = msgspec.json.Decoder(CodeList)


class ContactRow(Struct, frozen=True, kw_only=True):
    """One line of the ledger; `id` is the contact's or the visit's own."""

    id: str
    customer_id: str | None
    channel: str
    stage: str
    product_id: str | None
    author: str
    org_id: str
    at: str
    business_date: str
    ticket_id: str | None = None
    follows: str | None = None
    is_marketing: bool = True
    is_opt_out: bool = False
    is_unwelcome: bool = False


def as_seen(row: ContactRow, orgs: Collection[str]) -> ContactRow:
    """Return a contact as institutions may see it that assist a customer at most (001-11).

    What others dealt is a contact that says nothing of their products; a plain no is everybody's to know.
    """
    is_plain_no = row.stage == "refused" and row.product_id is None
    if row.org_id in orgs or is_plain_no:
        return row
    return msgspec.structs.replace(row, stage="approached", product_id=None)


def list_products(connection: Connection) -> list[Offered]:
    """Return every product of the catalog."""
    rows = connection.execute(select(product).order_by(product.c.id).limit(PRODUCTS_MAX))
    return [Offered(id=row.id, product=_product.decode(row.body)) for row in rows]


def label_names(connection: Connection) -> dict[str, str]:
    """Return label → name as the bank has them in its own list (001-06); empty if it has none."""
    chosen = select(record.c.body).where(record.c.kind == CodeList.kind, record.c.standing == "live")
    lists = (body for body in connection.scalars(chosen.limit(LISTS_MAX)) if LABELS in body)
    found = (_code_list.decode(body) for body in lists)
    return {one.code: one.name for listed in found if listed.code == LABEL_LIST for one in listed.choices}


def note_contacts(connection: Connection, rows: Sequence[ContactRow]) -> None:
    """Put lines into the ledger; one that is there already is replaced."""
    replace_rows(connection, contact_entry, [msgspec.structs.astuple(row) for row in rows])


def forget_contacts(connection: Connection, ids: Collection[str]) -> None:
    """Take lines out of the ledger in whose place others stand."""
    connection.execute(delete(contact_entry).where(contact_entry.c.id.in_(sorted(ids))))


def complete_contacts(connection: Connection, ticket_id: str, customer_id: str | None) -> list[ContactRow]:
    """Say whose ticket some contacts were made at, and return those for which that is news."""
    is_news = contact_entry.c.customer_id.is_distinct_from(customer_id)
    chosen = contact_entry.c.ticket_id == ticket_id, is_news
    found = _read(connection, select(contact_entry).where(*chosen).order_by(contact_entry.c.id))
    if found:
        connection.execute(update(contact_entry).where(*chosen).values(customer_id=customer_id))
    return [msgspec.structs.replace(row, customer_id=customer_id) for row in found]


def note_tie(connection: Connection, id: str, tie: tuple[str, str, str | None] | None) -> None:
    """Keep that two customers live together until a day, under their relation's id; None: they do not."""
    connection.execute(delete(household_tie).where(household_tie.c.id == id))
    if tie is not None:
        customer_id, related_id, until = tie
        values = {"id": id, "customer_id": customer_id, "related_id": related_id, "until": until}
        connection.execute(insert(household_tie).values(values))


def customers_of(connection: Connection, ids: Collection[str]) -> list[str]:
    """Return the customers of some lines of the ledger, as far as they are known."""
    return sorted(id for (id,) in fetch(connection, CUSTOMERS_OF, ids) if id is not None)


def household_of(connection: Connection, customer_id: str, today: str) -> list[str]:
    """Return a customer and everybody who is their parent, child or spouse on a business date, by id (004-05)."""
    found = {id for ends in HOUSEHOLD_ENDS for (id,) in fetch(connection, ends, customer_id, today)}
    return sorted(found | {customer_id})


def contacts_since(
    connection: Connection, customer_ids: Collection[str], since: str, *, seen_by: str | None = None
) -> list[ContactRow]:
    """Return the contacts of some customers since a business date, newest first.

    With `seen_by`, an institution that may not see what is done elsewhere, they are as it may see them.
    """
    entry = contact_entry.c
    chosen = select(contact_entry).where(entry.customer_id.in_(sorted(customer_ids)), entry.business_date >= since)
    rows = _read(connection, chosen.order_by(entry.at.desc(), entry.id.desc()).limit(TOUCHES_MAX))
    return rows if seen_by is None else [as_seen(row, {seen_by}) for row in rows]


def touches_of(
    connection: Connection, customer_id: str, today: str, since: str, *, seen_by: str | None = None
) -> list[Touch]:
    """Return the contacts of a customer and the household since a business date, as `contacts_since` tells them."""
    members = household_of(connection, customer_id, today)
    return [_touch(row, customer_id) for row in contacts_since(connection, members, since, seen_by=seen_by)]


def opt_outs_of(connection: Connection, customer_id: str) -> list[str]:
    """Return the ids of the contacts in which a customer refused all marketing."""
    chosen = select(contact_entry.c.id).where(
        contact_entry.c.customer_id == customer_id, contact_entry.c.is_opt_out.is_(True)
    )
    return list(connection.scalars(chosen.order_by(contact_entry.c.id).limit(TOUCHES_MAX)))


def list_contacts(
    connection: Connection, customer_id: str, after: tuple[str, str] | None, limit: int
) -> list[ContactRow]:
    """Return a customer's contacts, newest first, after the one named."""
    entry = contact_entry.c
    chosen = select(contact_entry).where(entry.customer_id == customer_id)
    if after is not None:
        at, id = after
        chosen = chosen.where(or_(entry.at < at, and_(entry.at == at, entry.id < id)))
    return _read(connection, chosen.order_by(entry.at.desc(), entry.id.desc()).limit(limit))


def funnel_rows(connection: Connection, branch: str, date: str) -> list[ContactRow]:
    """Return every contact of a branch's business date, in the order of time; the figures count them by stage."""
    entry = contact_entry.c
    chosen = select(contact_entry).where(entry.org_id == branch, entry.business_date == date)
    return _read(connection, chosen.order_by(entry.at, entry.id).limit(ROWS_MAX))


def list_effects(connection: Connection, orgs: Collection[str], since: str, until: str) -> list[Outcome]:
    """Return what came of each product in some institutions between two business dates, both included (001-08)."""
    entry = contact_entry.c
    named = entry.product_id, entry.org_id, entry.stage
    person = func.coalesce(entry.customer_id, entry.ticket_id, entry.id)
    chosen = (
        select(
            *named,
            func.count().label("contacts"),
            func.count(person.distinct()).label("customers"),
            func.count().filter(entry.is_unwelcome).label("unwelcome"),
        )
        .where(entry.org_id.in_(sorted(orgs)), entry.business_date.between(since, until), entry.product_id.is_not(None))
        .group_by(*named)
        .order_by(*named)
        .limit(ROWS_MAX)
    )
    return [Outcome(**row._mapping) for row in connection.execute(chosen)]


def _touch(row: ContactRow, customer_id: str) -> Touch:
    occasion = occasion_of(
        customer_id=row.customer_id, author=row.author, channel=row.channel, ticket_id=row.ticket_id, at=row.at
    )
    return Touch(
        at=row.at, stage=row.stage, product_id=row.product_id, occasion=occasion, ticket_id=row.ticket_id,
        is_own=row.customer_id == customer_id, is_marketing=row.is_marketing,
    )  # fmt: skip


def _read(connection: Connection, chosen: Select[tuple[object, ...]]) -> list[ContactRow]:
    rows: Sequence[Row[tuple[object, ...]]] = connection.execute(chosen).all()
    return [ContactRow(**row._mapping) for row in rows]
