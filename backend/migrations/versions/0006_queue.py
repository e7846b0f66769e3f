"""Partners, the line as SQL sees it, what a machine said, and days that have ended."""

from alembic import op
from sqlalchemy import Boolean, Column, ForeignKey

from backend.storage.metadata import Bytes, Number, Word

revision = "0006_queue"
down_revision = "0005_push"
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
    op.create_table(
        "machine_message",
        Column("install_id", Word, primary_key=True),
        Column("n", Number, primary_key=True, autoincrement=False),
        Column("digest", Word, nullable=False),
        Column("answer", Bytes, nullable=False),
        sqlite_with_rowid=False,
    )
    _make_line()
    _make_days()


def _make_line() -> None:
    """Tickets and counters as the line sees them; tickets of before had none of this."""
    op.add_column("ticket", Column("priority", Number, nullable=False, server_default="0"))
    for name in ("counter", "for_series", "for_counter", "called_at", "returned_at"):
        op.add_column("ticket", Column(name, Word))
    op.create_index("ix_lease_date", "lease", ["date", "state"])
    op.create_index("ix_ticket_day", "ticket", ["business_date", "branch_id"])
    op.create_index("ix_ticket_open", "ticket", ["state", "business_date"])
    op.create_index("ix_ticket_counter", "ticket", ["branch_id", "business_date", "counter", "state"])
    op.create_table(
        "counter",
        Column("id", Word, primary_key=True),
        Column("branch_id", Word, nullable=False),
        Column("counter_no", Word, nullable=False),
        Column("state", Word, nullable=False),
        Column("first_step_at", Word),
    )
    op.create_index("ix_counter_first_step_at", "counter", ["first_step_at"])
    op.create_index("ix_counter_branch_id", "counter", ["branch_id"])


def _make_days() -> None:
    op.create_table(
        "counter_visit",
        Column("branch_id", Word, primary_key=True),
        Column("business_date", Word, primary_key=True),
        Column("counter_no", Word, primary_key=True),
        Column("ordinal", Number, primary_key=True, autoincrement=False),
        Column("at", Word, nullable=False),
        Column("ticket_id", Word, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "counter_day",
        Column("branch_id", Word, primary_key=True),
        Column("business_date", Word, primary_key=True),
        Column("counter_no", Word, primary_key=True),
        Column("steps", Bytes, nullable=False),
    )
    op.create_table(
        "number_day",
        Column("branch_id", Word, primary_key=True),
        Column("business_date", Word, primary_key=True),
        Column("ended_at", Word, nullable=False),
        Column("changed_at", Word, nullable=False),
        Column("is_accounted", Boolean, nullable=False),
        Column("report", Bytes, nullable=False),
    )


def downgrade() -> None:
    """Drop the tables."""
    for name in ("number_day", "counter_day", "counter_visit", "counter"):
        op.drop_table(name)
    for name in ("ix_ticket_counter", "ix_ticket_open", "ix_ticket_day"):
        op.drop_index(name, "ticket")
    op.drop_index("ix_lease_date", "lease")
    for name in ("returned_at", "called_at", "for_counter", "for_series", "counter", "priority"):
        op.drop_column("ticket", name)
    op.drop_table("machine_message")
    op.drop_table("partner")
