"""Visit duty: the calendar, rules, facts by day, obligations, and the figures of months."""

from alembic import op
from sqlalchemy import Boolean, Column

from backend.storage.metadata import Bytes, Number, Word

revision = "0009_duty"
down_revision = "0008_visits"
branch_labels = None
depends_on = None

TABLES = (
    "workday", "duty_rule", "duty_customer", "duty_ownership", "loan", "loan_balance", "duty_visit", "duty_exemption",
    "obligation", "duty_month", "duty_revision", "duty_change", "duty_figure",
)  # fmt: skip


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "workday",
        Column("day", Word, primary_key=True),
        Column("kind", Word, nullable=False),
        Column("source", Word, nullable=False),
        Column("version", Word, nullable=False),
        Column("is_confirmed", Boolean, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "duty_rule",
        Column("rule_id", Word, primary_key=True),
        Column("code", Word, nullable=False),
        Column("org_id", Word, nullable=False),
        Column("valid_from_month", Word, nullable=False),
        Column("rule", Bytes, nullable=False),
        Column("note", Word, nullable=False),
        Column("added_by", Word, nullable=False),
        Column("added_at", Word, nullable=False),
    )
    op.create_index("ix_duty_rule_added", "duty_rule", ["added_at", "rule_id"])
    op.create_table(
        "duty_customer",
        Column("customer_id", Word, primary_key=True),
        Column("org_id", Word, nullable=False),
        Column("known_at", Word, nullable=False),
    )
    op.create_index("ix_duty_customer_org", "duty_customer", ["org_id", "customer_id"])
    op.create_table(
        "duty_ownership",
        Column("customer_id", Word, primary_key=True),
        Column("role", Word, primary_key=True),
        Column("day", Word, primary_key=True),
        Column("portfolio_id", Word),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "loan",
        Column("loan_id", Word, primary_key=True),
        Column("customer_id", Word, nullable=False),
        Column("org_id", Word, nullable=False),
        Column("opened_on", Word, nullable=False),
        Column("settled_on", Word),
        Column("contract_fen", Number, nullable=False),
    )
    op.create_index("ix_loan_customer", "loan", ["customer_id"])
    op.create_table(
        "loan_balance",
        Column("loan_id", Word, primary_key=True),
        Column("day", Word, primary_key=True),
        Column("balance_fen", Number, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "duty_visit",
        Column("visit_id", Word, primary_key=True),
        Column("customer_id", Word, nullable=False),
        Column("visitor", Word, nullable=False),
        Column("type", Word, nullable=False),
        Column("day", Word, nullable=False),
        Column("t_est", Word, nullable=False),
        Column("grade", Word, nullable=False),
        Column("review", Word, nullable=False),
        Column("content_chars", Number, nullable=False),
        Column("has_coordinate", Boolean, nullable=False),
        Column("amends", Word),
    )
    op.create_index("ix_duty_visit_customer", "duty_visit", ["customer_id", "day"])
    op.create_index("ix_duty_visit_day", "duty_visit", ["day", "visit_id"])
    op.create_table(
        "duty_exemption",
        Column("exemption_id", Word, primary_key=True),
        Column("customer_id", Word, nullable=False),
        Column("org_id", Word, nullable=False),
        Column("code", Word, nullable=False),
        Column("first_month", Word, nullable=False),
        Column("last_month", Word, nullable=False),
        Column("reason", Word, nullable=False),
        Column("evidence", Word, nullable=False),
        Column("state", Word, nullable=False),
        Column("applied_by", Word, nullable=False),
        Column("applied_at", Word, nullable=False),
        Column("decided_by", Word),
        Column("decided_at", Word),
        Column("decision_note", Word),
    )
    op.create_index("ix_duty_exemption_customer", "duty_exemption", ["customer_id"])
    op.create_index("ix_duty_exemption_state", "duty_exemption", ["state", "applied_at", "exemption_id"])
    op.create_table(
        "obligation",
        Column("customer_id", Word, primary_key=True),
        Column("period", Word, primary_key=True),
        Column("code", Word, primary_key=True),
        Column("month", Word, nullable=False),
        Column("org_id", Word, nullable=False),
        Column("rule_id", Word, nullable=False),
        Column("owner", Word, nullable=False),
        Column("first", Word, nullable=False),
        Column("last", Word, nullable=False),
        Column("measured_fen", Number, nullable=False),
        Column("required", Number, nullable=False),
        Column("counted", Number, nullable=False),
        Column("pending", Number, nullable=False),
        Column("status", Word, nullable=False),
        Column("is_confirmed", Boolean, nullable=False),
        Column("detail", Bytes, nullable=False),
    )
    op.create_index("ix_obligation_month", "obligation", ["month", "org_id", "owner", "customer_id"])
    op.create_table(
        "duty_month",
        Column("month", Word, primary_key=True),
        Column("state", Word, nullable=False),
        Column("revision", Number, nullable=False),
        Column("changed_at", Word, nullable=False),
    )
    op.create_table(
        "duty_revision",
        Column("month", Word, primary_key=True),
        Column("revision", Number, primary_key=True),
        Column("made_at", Word, nullable=False),
        Column("made_by", Word, nullable=False),
        Column("cause", Word, nullable=False),
        Column("reason", Word, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "duty_change",
        Column("month", Word, primary_key=True),
        Column("revision", Number, primary_key=True),
        Column("customer_id", Word, primary_key=True),
        Column("period", Word, primary_key=True),
        Column("code", Word, primary_key=True),
        Column("org_id", Word, nullable=False),
        Column("before", Bytes),
        Column("after", Bytes),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "duty_figure",
        Column("month", Word, primary_key=True),
        Column("revision", Number, primary_key=True),
        Column("org_id", Word, primary_key=True),
        Column("owner", Word, primary_key=True),
        Column("code", Word, primary_key=True),
        Column("duties", Number, nullable=False),
        Column("done", Number, nullable=False),
        Column("pending_review", Number, nullable=False),
        Column("at_risk", Number, nullable=False),
        Column("short", Number, nullable=False),
        Column("exempt", Number, nullable=False),
        Column("required", Number, nullable=False),
        Column("fulfilled", Number, nullable=False),
        Column("owed", Number, nullable=False),
        Column("paid", Number, nullable=False),
        Column("credited", Number, nullable=False),
        Column("unconfirmed", Number, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_assignment_bucket", "assignment", ["bucket", "from_at"])


def downgrade() -> None:
    """Drop the tables, the last first."""
    op.drop_index("ix_assignment_bucket", "assignment")
    for table in reversed(TABLES):
        op.drop_table(table)
