"""What SQL can be asked about customers: what is theirs, whose cards are out, and by which hashes they are found."""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from sqlalchemy import Column, Index, Table

from backend.storage.metadata import Word, metadata
from backend.storage.projections import Projection
from contracts.kinds.card import Card
from contracts.kinds.customer import Holding
from contracts.kinds.relation import Relation
from contracts.kinds.reminder import Reminder
from contracts.policy import Record
from sync.store import Write

holding = Table(
    "holding",
    metadata,
    Column("id", Word, primary_key=True),
    Column("customer_id", Word, nullable=False),
    # Serves the move of a customer: all that they hold.
    Index("ix_holding_customer", "customer_id"),
)

reminder = Table(
    "reminder",
    metadata,
    Column("id", Word, primary_key=True),
    Column("customer_id", Word, nullable=False),
    # Serves the move of a customer, and their card.
    Index("ix_reminder_customer", "customer_id"),
)

relation = Table(
    "relation",
    metadata,
    Column("id", Word, primary_key=True),
    Column("customer_id", Word, nullable=False),
    Column("related_id", Word, nullable=False),
    # Serves the move of a customer, and the household on their card.
    Index("ix_relation_customer", "customer_id"),
    # Serves the cards of those in whose household somebody changed.
    Index("ix_relation_related", "related_id"),
)

card = Table(
    "card",
    metadata,
    Column("id", Word, primary_key=True),
    Column("ticket_id", Word, nullable=False),
    Column("customer_id", Word, nullable=False),
    Column("branch_id", Word, nullable=False),
    # Serves the end of a ticket: the cards that go with it.
    Index("ix_card_ticket", "ticket_id"),
    # Serves a customer who changed while they wait somewhere.
    Index("ix_card_customer", "customer_id"),
)

# By what a customer can be found, hashed with a secret of this server: the numbers themselves are kept nowhere.
customer_key = Table(
    "customer_key",
    metadata,
    Column("customer_id", Word, primary_key=True),
    Column("sort", Word, primary_key=True),  # certificate · customer_no · phone_name
    Column("hash", Word, primary_key=True),
    # Serves the one hot question: who is this?
    Index("ix_customer_key_hash", "hash"),
    sqlite_with_rowid=False,
)

# How far each source of the CRM's word had come when it was last heard: a record that did not change is that fresh.
crm_feed = Table(
    "crm_feed",
    metadata,
    Column("source", Word, primary_key=True),
    Column("as_of", Word, nullable=False),
)


def _projecting(record: type[Record], table: Table) -> Callable[[Write], Mapping[str, Any] | None]:
    """Return the rule of a table whose columns are fields of the record."""
    decode = msgspec.json.Decoder(record).decode
    fields = [column.name for column in table.c if column.name != "id"]

    def project(write: Write) -> Mapping[str, Any] | None:
        if write.after.standing != "live":
            return None
        body = decode(write.after.body)
        return {"id": write.after.id} | {name: getattr(body, name) for name in fields}

    return project


PROJECTIONS = {
    "card": Projection(card, _projecting(Card, card)),
    "holding": Projection(holding, _projecting(Holding, holding)),
    "relation": Projection(relation, _projecting(Relation, relation)),
    "reminder": Projection(reminder, _projecting(Reminder, reminder)),
}
