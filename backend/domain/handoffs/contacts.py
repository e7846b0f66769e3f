"""One ledger of contacts for lobby and field: fed by contacts and visits, completed by tickets, tied by relations."""

from collections.abc import Collection, Mapping, Sequence
from typing import TypeVar
from uuid import UUID, uuid5

import msgspec

from backend.domain.marketing.queries import (
    ContactRow,
    complete_contacts,
    forget_contacts,
    note_contacts,
    note_tie,
    opt_outs_of,
)
from backend.domain.marketing.rules.cap import MARKETING_STAGES, business_date_of
from backend.domain.staff.queries import holders_of, orgs_of
from backend.identity import portfolio_bucket
from backend.storage.snapshot import SqlSnapshot
from backend.storage.unit import SqlUnit
from contracts.kinds import Contact, Customer, Product, Relation, Ticket
from contracts.policy import Record
from sync.moments import read_moment, shift_moment, write_moment
from sync.puts import Put
from sync.store import Key, Stored, Write

R = TypeVar("R", bound=Record)

HOUSEHOLD = frozenset({"05", "06", "07"})  # parents, children, spouse; others of the family mostly live elsewhere
OFFERING = frozenset({"recommended", "interested", "reserved"})
UNDECIDED = frozenset({"open", "conflict"})  # states of a request that the CRM has yet to answer
FOLLOW_UP_D = 3  # a reservation is followed up within so many days
NAMESPACE = UUID("6f6c1f0e-58c4-5f4e-9a55-0d1f0b6d7c11")  # of the records that follow from contacts
MARKETING_WORD = "营销"  # a visit with this in its purpose is an offer; any other is service


def on_contacts(unit: SqlUnit, writes: Sequence[Write], at: str) -> list[Put]:
    """Note contacts in the ledger; pass refusals of marketing on to the CRM, and reservations to whoever follows up."""
    told = [(write.after.id, _read(write.after.body, Contact)) for write in writes if write.after.standing == "live"]
    tickets = _hold_tickets(unit, {contact.ticket_id for _, contact in told if contact.ticket_id})
    rows = [_row_of_contact(unit, id, contact, tickets.get(contact.ticket_id or ""), at) for id, contact in told]
    note_contacts(unit.connection, rows)
    return _consequences(unit, rows)


def on_grades(unit: SqlUnit, writes: Sequence[Write], _at: str) -> list[Put]:
    """Note visits as contacts, once they are judged: where another counts in its place, a visit is none of its own.

    A visit by itself is service (001-17) and counts for no cap, unless its purpose is marketing; what is recommended
    on a visit is a contact of its own, and both are one talk.
    """
    told = news_of(writes)
    gone = [id for id, grade in told.items() if grade.corrected_by or grade.waits_behind]
    found = SqlSnapshot.records(unit, [Key("visit", id) for id in told])
    orgs = orgs_of(unit.connection, {grade.author for grade in told.values()})
    rows = [
        _row_of_visit(key.id, told[key.id], _visited(stored.body).purpose, orgs.get(told[key.id].author, ""))
        for key, stored in found.items() if stored.standing == "live" and key.id not in gone
    ]  # fmt: skip
    forget_contacts(unit.connection, gone)
    note_contacts(unit.connection, rows)
    return []


def news_of(writes: Sequence[Write]) -> dict[str, "Judged"]:
    """Return visit → grade of those about which the ledger has something to learn."""
    told = {write.after.id: (_judged(write.before), _judged(write.after)) for write in writes}
    return {id: after for id, (before, after) in told.items() if after is not None and before != after}


def on_tickets(unit: SqlUnit, writes: Sequence[Write], _at: str) -> list[Put]:
    """Complete the contacts at tickets whose customer became known, or turned out to be another."""
    completed: list[ContactRow] = []
    for write in writes:
        customer_id = _customer_of(write.after.body)
        if write.after.standing == "live" and customer_id != _customer_of(write.before.body if write.before else b""):
            rows = complete_contacts(unit.connection, write.after.id, customer_id)
            judged = [_judge(unit, row) for row in rows]
            note_contacts(unit.connection, judged)
            completed += judged
    return _consequences(unit, completed)


def on_relations(unit: SqlUnit, writes: Sequence[Write], _at: str) -> list[Put]:
    """Keep who lives with whom."""
    for write in writes:
        relation = _read(write.after.body, Relation) if write.after.standing == "live" else None
        is_tie = relation is not None and relation.role in HOUSEHOLD
        tie = (relation.customer_id, relation.related_id, relation.until) if relation and is_tie else None
        note_tie(unit.connection, write.after.id, tie)
    return []


def has_refused(look: SqlSnapshot, customer_id: str, customer: Customer | None) -> bool:
    """Say whether a customer wants no marketing: by the CRM's word, or by their own that the CRM has yet to answer."""
    if customer is not None and customer.is_marketing_refused:
        return True
    said = opt_outs_of(look.connection, customer_id)
    requests = SqlSnapshot.records(look, [Key("request", _id_of("opt_out", id)) for id in said])
    states = [msgspec.json.decode(stored.body, type=_Decided).state for stored in requests.values()]
    return len(requests) < len(said) or not UNDECIDED.isdisjoint(states)


class _Decided(msgspec.Struct):
    state: str = "open"


def _row_of_contact(unit: SqlUnit, id: str, contact: Contact, ticket: Ticket | None, at: str) -> ContactRow:
    moment = _moment(contact.made_at or contact.happened_at, at)
    row = ContactRow(
        id=id, customer_id=(ticket and ticket.customer_id) or contact.customer_id, channel=contact.channel,
        stage=contact.stage, product_id=contact.product_id, author=contact.author or "",
        org_id=ticket.branch_id if ticket else contact.org_id, at=moment, business_date=business_date_of(moment),
        ticket_id=contact.ticket_id, follows=contact.follows,
        is_marketing=contact.stage in MARKETING_STAGES, is_opt_out=contact.is_opt_out,
    )  # fmt: skip
    return _judge(unit, row)


class Judged(msgspec.Struct):
    """What the ledger keeps of a visit's grade."""

    customer_id: str
    author: str
    at: str
    type: str = "on_site"
    corrected_by: str | None = None
    waits_behind: str | None = None


class _Visited(msgspec.Struct):
    purpose: str


_read_grade = msgspec.json.Decoder(Judged).decode
_visited = msgspec.json.Decoder(_Visited).decode


def _judged(stored: Stored | None) -> Judged | None:
    return _read_grade(stored.body) if stored is not None and stored.standing == "live" else None


def _row_of_visit(id: str, grade: Judged, purpose: str, org_id: str) -> ContactRow:
    return ContactRow(
        id=id, customer_id=grade.customer_id, channel="phone" if grade.type == "phone" else "visit",
        stage="approached", product_id=None, author=grade.author, org_id=org_id,
        at=grade.at, business_date=business_date_of(grade.at), is_marketing=MARKETING_WORD in purpose,
    )  # fmt: skip


def _judge(unit: SqlUnit, row: ContactRow) -> ContactRow:
    """Return a line that says whether the customer had refused to be offered anything."""
    if row.customer_id is None or row.stage not in OFFERING:
        return row
    customer = _look_up(unit, Customer, {row.customer_id}).get(row.customer_id)
    return msgspec.structs.replace(row, is_unwelcome=has_refused(unit, row.customer_id, customer))


def _consequences(unit: SqlUnit, rows: Collection[ContactRow]) -> list[Put]:
    """Return what follows from contacts whose customer is known, once each."""
    customers = _look_up(unit, Customer, {row.customer_id for row in rows if row.customer_id})
    products = _look_up(unit, Product, {row.product_id for row in rows if row.product_id})
    puts = []
    for row in rows:
        if (customer := customers.get(row.customer_id or "")) is not None:
            if row.is_opt_out and not customer.is_marketing_refused:
                puts.append(_ask_the_crm(row))
            if row.stage == "reserved":
                puts.append(_follow_up(unit, row, customer, products.get(row.product_id or "")))
    known = SqlSnapshot.records(unit, [Key(put.kind, put.id) for put in puts])
    return [put for put in puts if Key(put.kind, put.id) not in known]


def _ask_the_crm(row: ContactRow) -> Put:
    """Return the request that makes a refusal of marketing the CRM's own (PIPL 24)."""
    body = {
        "subject_kind": "customer", "subject_id": row.customer_id, "believed": {"is_marketing_refused": False},
        "proposed": {"is_marketing_refused": True}, "reason": "客户当面拒绝营销", "author": row.author,
        "made_at": row.at, "state": "open",
    }  # fmt: skip
    return Put(kind="request", id=_id_of("opt_out", row.id), body=body)


def _follow_up(unit: SqlUnit, row: ContactRow, customer: Customer, product: Product | None) -> Put:
    """Return the task of the customer's manager to do what was reserved; without one it is whoever reserved it."""
    bucket = portfolio_bucket(customer.host_portfolio) if customer.host_portfolio else ""
    holders = holders_of(unit.connection, bucket)
    body = {
        "title": f"跟进预约：{product.name}" if product else "跟进预约", "org_id": customer.host_org,
        "assignee": holders[0] if holders else row.author, "customer_id": row.customer_id,
        "due_on": business_date_of(shift_moment(row.at, days=FOLLOW_UP_D)), "tags": ["reserved"],
    }  # fmt: skip
    return Put(kind="task", id=_id_of("follow_up", row.id), body=body)


def _id_of(sort: str, contact_id: str) -> str:
    return str(uuid5(NAMESPACE, f"{sort} {contact_id}"))


def _moment(told: str, otherwise: str) -> str:
    moment = read_moment(told)
    return write_moment(moment) if moment else otherwise


class _Known(msgspec.Struct):
    customer_id: str | None = None


def _customer_of(body: bytes) -> str | None:
    return msgspec.json.decode(body, type=_Known).customer_id if body else None


def _hold_tickets(unit: SqlUnit, ids: Collection[str]) -> Mapping[str, Ticket]:
    """Return live tickets by id, and keep others from them: who identifies one meanwhile completes what is noted."""
    found = unit.records([Key("ticket", id) for id in ids])
    return {key.id: _read(stored.body, Ticket) for key, stored in found.items() if stored.standing == "live"}


def _look_up(unit: SqlUnit, record: type[R], ids: Collection[str]) -> Mapping[str, R]:
    """Return live records by id, without keeping others from them."""
    found = SqlSnapshot.records(unit, [Key(record.kind, id) for id in ids])
    return {key.id: _read(stored.body, record) for key, stored in found.items() if stored.standing == "live"}


def _read(body: bytes, record: type[R]) -> R:
    return msgspec.json.decode(body, type=record)
