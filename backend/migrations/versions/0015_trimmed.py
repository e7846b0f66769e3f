"""When a machine's message was answered, so that it can be forgotten; leads as SQL can be asked.

Forms find their day by their ticket, so that their days are kept nowhere.
"""

from datetime import UTC, datetime

from alembic import op
from sqlalchemy import Column, text

from backend.storage.metadata import Word

revision = "0015_trimmed"
down_revision = "0014_visit_reviews"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Date the messages, those that are there by today; drop the forms' days."""
    op.add_column("machine_message", Column("at", Word, nullable=False, server_default=""))
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    op.execute(text("UPDATE machine_message SET at = :now").bindparams(now=now))
    op.create_index("ix_machine_message_at", "machine_message", ["at"])
    op.drop_table("day_form")
    op.create_table(
        "lead",
        Column("id", Word, primary_key=True),
        Column("org_id", Word, nullable=False),
        Column("state", Word, nullable=False),
        Column("state_at", Word, nullable=False),
    )
    op.create_index("ix_lead_list", "lead", ["org_id", "state", "state_at"])
    op.create_index("ix_duty_ownership_portfolio", "duty_ownership", ["portfolio_id"])


def downgrade() -> None:
    """Make the tables as they were; which form belongs to which day is told again as forms are written."""
    op.create_table(
        "day_form",
        Column("branch_id", Word, primary_key=True),
        Column("business_date", Word, primary_key=True),
        Column("id", Word, primary_key=True),
        sqlite_with_rowid=False,
    )
    op.drop_index("ix_duty_ownership_portfolio", "duty_ownership")
    op.drop_table("lead")
    op.drop_index("ix_machine_message_at", "machine_message")
    op.drop_column("machine_message", "at")
