"""The central CRM's events that were seen, and whose a holding is."""

from alembic import op
from sqlalchemy import Column

from backend.storage.metadata import Word

revision = "0004_crm"
down_revision = "0003_jobs"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "crm_event",
        Column("source", Word, primary_key=True),
        Column("event_id", Word, primary_key=True),
        Column("at", Word, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_crm_event_at", "crm_event", ["at"])
    op.create_table("holding", Column("id", Word, primary_key=True), Column("customer_id", Word, nullable=False))
    op.create_index("ix_holding_customer", "holding", ["customer_id"])


def downgrade() -> None:
    """Drop the tables."""
    op.drop_table("holding")
    op.drop_table("crm_event")
