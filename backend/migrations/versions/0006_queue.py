"""Partners: queue machines and teller systems."""

from alembic import op
from sqlalchemy import Column, ForeignKey

from backend.storage.metadata import Word

revision = "0006_queue"
down_revision = "0004_crm"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "partner",
        Column("partner_id", Word, primary_key=True),
        Column("sort", Word, nullable=False),
        Column("org_id", Word, ForeignKey("org.org_id"), nullable=False),
        Column("name", Word, nullable=False),
        Column("key_hash", Word, nullable=False),
        Column("install_id", Word, ForeignKey("device_install.install_id")),
        Column("added_at", Word, nullable=False),
        Column("revoked_at", Word),
    )


def downgrade() -> None:
    """Drop the tables."""
    op.drop_table("partner")
