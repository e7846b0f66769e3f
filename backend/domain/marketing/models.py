"""What SQL can be asked about offers: the ledger of contacts, who lives with whom, and the products there are."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Boolean, Column, Index, Table

from backend.storage.metadata import Bytes, Word, metadata
from backend.storage.projections import Projection
from sync.store import Write

contact_entry = Table(
    "contact_entry",
    metadata,
    Column("id", Word, primary_key=True),  # of the contact or the visit
    Column("customer_id", Word),  # none as long as nobody knows whose ticket it is
    Column("channel", Word, nullable=False),
    Column("stage", Word, nullable=False),
    Column("product_id", Word),
    Column("author", Word, nullable=False),
    Column("org_id", Word, nullable=False),
    Column("at", Word, nullable=False),
    Column("business_date", Word, nullable=False),
    Column("ticket_id", Word),
    Column("follows", Word),
    Column("is_marketing", Boolean, nullable=False),  # counts for the cap
    Column("is_opt_out", Boolean, nullable=False),
    Column("is_unwelcome", Boolean, nullable=False),  # an offer to somebody who had refused them
    # Serves the cap, and the list of a customer's contacts.
    Index("ix_contact_entry_customer", "customer_id", "at", "id"),
    # Serves the funnel of a day, and what came of a product.
    Index("ix_contact_entry_org", "org_id", "business_date"),
    # Serves the completion of entries once a ticket's customer is known.
    Index("ix_contact_entry_ticket", "ticket_id"),
)

household_tie = Table(
    "household_tie",
    metadata,
    Column("id", Word, primary_key=True),  # of the relation
    Column("customer_id", Word, nullable=False),
    Column("related_id", Word, nullable=False),
    Column("until", Word),
    # Serve the look at a household from either end.
    Index("ix_household_tie_customer", "customer_id"),
    Index("ix_household_tie_related", "related_id"),
)

product = Table("product", metadata, Column("id", Word, primary_key=True), Column("body", Bytes, nullable=False))


def project_product(write: Write) -> Mapping[str, Any] | None:
    """Return the row of a product, or None if the product is no more."""
    return {"id": write.after.id, "body": write.after.body} if write.after.standing == "live" else None


PRODUCT_PROJECTION = Projection(product, project_product)
