"""What is a customer's, whose cards are out, by which hashes customers are found, and how fresh the CRM's word is."""

from alembic import op
from sqlalchemy import Column

from backend.storage.metadata import Word

revision = "0010_people"
down_revision = "0006_queue"
branch_labels = None
depends_on = None

TABLES = ("reminder", "relation", "card", "customer_key", "crm_feed")


def upgrade() -> None:
    """Make the tables."""
    op.create_table("reminder", Column("id", Word, primary_key=True), Column("customer_id", Word, nullable=False))
    op.create_index("ix_reminder_customer", "reminder", ["customer_id"])
    op.create_table(
        "relation",
        Column("id", Word, primary_key=True),
        Column("customer_id", Word, nullable=False),
        Column("related_id", Word, nullable=False),
    )
    op.create_index("ix_relation_customer", "relation", ["customer_id"])
    op.create_index("ix_relation_related", "relation", ["related_id"])
    op.create_table(
        "card",
        Column("id", Word, primary_key=True),
        Column("ticket_id", Word, nullable=False),
        Column("customer_id", Word, nullable=False),
        Column("branch_id", Word, nullable=False),
    )
    op.create_index("ix_card_ticket", "card", ["ticket_id"])
    op.create_index("ix_card_customer", "card", ["customer_id"])
    op.create_table(
        "customer_key",
        Column("customer_id", Word, primary_key=True),
        Column("sort", Word, primary_key=True),
        Column("hash", Word, primary_key=True),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_customer_key_hash", "customer_key", ["hash"])
    op.create_table("crm_feed", Column("source", Word, primary_key=True), Column("as_of", Word, nullable=False))


def downgrade() -> None:
    """Drop the tables."""
    for table in TABLES:
        op.drop_table(table)
