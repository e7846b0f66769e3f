"""The ledger of contacts, households, and the products that there are to offer."""

from alembic import op
from sqlalchemy import Boolean, Column, text

from backend.storage.metadata import Bytes, Word

revision = "0011_offers"
down_revision = "0010_people"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables, and note the products that are there."""
    op.create_table(
        "contact_entry",
        Column("id", Word, primary_key=True),
        Column("customer_id", Word),
        Column("channel", Word, nullable=False),
        Column("stage", Word, nullable=False),
        Column("product_id", Word),
        Column("author", Word, nullable=False),
        Column("org_id", Word, nullable=False),
        Column("at", Word, nullable=False),
        Column("business_date", Word, nullable=False),
        Column("ticket_id", Word),
        Column("follows", Word),
        Column("is_marketing", Boolean, nullable=False),
        Column("is_opt_out", Boolean, nullable=False),
        Column("is_unwelcome", Boolean, nullable=False),
    )
    op.create_index("ix_contact_entry_customer", "contact_entry", ["customer_id", "at", "id"])
    op.create_index("ix_contact_entry_org", "contact_entry", ["org_id", "business_date"])
    op.create_index("ix_contact_entry_ticket", "contact_entry", ["ticket_id"])
    op.create_table(
        "household_tie",
        Column("id", Word, primary_key=True),
        Column("customer_id", Word, nullable=False),
        Column("related_id", Word, nullable=False),
        Column("until", Word),
    )
    op.create_index("ix_household_tie_customer", "household_tie", ["customer_id"])
    op.create_index("ix_household_tie_related", "household_tie", ["related_id"])
    op.create_table("product", Column("id", Word, primary_key=True), Column("body", Bytes, nullable=False))
    op.execute(
        text("INSERT INTO product (id, body) SELECT id, body FROM record WHERE kind = 'product' AND standing = 'live'")
    )


def downgrade() -> None:
    """Drop the tables."""
    op.drop_table("product")
    op.drop_table("household_tie")
    op.drop_table("contact_entry")
