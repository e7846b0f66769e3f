"""Forms as SQL can be asked about them, and the teller systems' requests that were answered."""

from alembic import op
from sqlalchemy import Column, PrimaryKeyConstraint, text

from backend.storage.metadata import Word

revision = "0012_forms"
down_revision = "0007_figures"
branch_labels = None
depends_on = None

INDEXES = {
    "ix_form_ticket": ["ticket_id", "begun_at"],
    "ix_form_pick_up": ["pick_up_code", "branch_id"],
    "ix_form_open": ["open_since"],
}


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "form",
        Column("id", Word, primary_key=True),
        Column("branch_id", Word, nullable=False),
        Column("state", Word, nullable=False),
        Column("open_since", Word),
        Column("ticket_id", Word),
        Column("begun_at", Word, nullable=False),
        Column("pick_up_code", Word),
        sqlite_with_rowid=False,
    )
    for name, columns in INDEXES.items():
        has_one = text(f"{columns[0]} IS NOT NULL")
        op.create_index(name, "form", columns, sqlite_where=has_one, postgresql_where=has_one)
    op.create_table(
        "teller_request",
        Column("partner_id", Word),
        Column("request_id", Word),
        Column("digest", Word, nullable=False),
        Column("form_id", Word, nullable=False),
        Column("at", Word, nullable=False),
        PrimaryKeyConstraint("partner_id", "request_id"),
    )
    op.create_index("ix_teller_request_at", "teller_request", ["at"])


def downgrade() -> None:
    """Drop the tables."""
    op.drop_table("teller_request")
    op.drop_table("form")
