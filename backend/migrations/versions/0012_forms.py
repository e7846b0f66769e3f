"""Forms as SQL can be asked about them, and the teller systems' requests that were answered."""

from alembic import op
from sqlalchemy import Column, PrimaryKeyConstraint

from backend.storage.metadata import Word

revision = "0012_forms"
down_revision = "0007_figures"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "form",
        Column("id", Word, primary_key=True),
        Column("branch_id", Word, nullable=False),
        Column("template_id", Word, nullable=False),
        Column("state", Word, nullable=False),
        Column("state_at", Word, nullable=False),
        Column("ticket_id", Word),
        Column("customer_id", Word),
        Column("author", Word),
        Column("begun_at", Word, nullable=False),
        Column("pick_up_code", Word, nullable=False),
    )
    op.create_index("ix_form_ticket", "form", ["ticket_id", "begun_at"])
    op.create_index("ix_form_pick_up", "form", ["branch_id", "pick_up_code"])
    op.create_index("ix_form_state", "form", ["state", "state_at"])
    op.create_index("ix_form_branch", "form", ["branch_id", "begun_at"])
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
