"""How visits were graded, what their neighbours see of them, which photos are missing, and the days' roots."""

from alembic import op
from sqlalchemy import Column, Double, Text, text

from backend.storage.metadata import Bytes, Number, Word

revision = "0008_visits"
down_revision = "0012_forms"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "visit",
        Column("id", Word, primary_key=True),
        Column("author", Word, nullable=False),
        Column("org_id", Word, nullable=False),
        Column("customer_id", Word, nullable=False),
        Column("install_id", Word, nullable=False),
        Column("root", Word, nullable=False),
        Column("type", Word, nullable=False),
        Column("at", Word, nullable=False),
        Column("local_date", Word, nullable=False),
        Column("month", Word, nullable=False),
        Column("grade", Word, nullable=False),
        Column("verdict", Word, nullable=False),
        Column("probability", Double, nullable=False),
        Column("points", Number, nullable=False),
        Column("flags", Text, nullable=False),
        Column("has_coordinate", Number, nullable=False),
        Column("content_chars", Number, nullable=False),
        Column("alert", Word),
        Column("review_state", Word, nullable=False),
    )
    op.create_index("ix_visit_review", "visit", ["org_id", "review_state", "probability", "points", "id"])
    op.create_index("ix_visit_customer", "visit", ["customer_id", "month"])
    op.create_index("ix_visit_author", "visit", ["author", "month"])
    op.create_index("ix_visit_org", "visit", ["org_id", "month", "at"])
    op.create_table(
        "visit_trace",
        Column("id", Word, primary_key=True),
        Column("author", Word, nullable=False),
        Column("install_id", Word, nullable=False),
        Column("device_id", Word, nullable=False),
        Column("n", Number, nullable=False),
        Column("told_at", Word, nullable=False),
        Column("signed_at", Word, nullable=False),
        Column("is_anchored", Number, nullable=False),
        Column("received_at", Word, nullable=False),
        Column("began_at", Word, nullable=False),
        Column("until_at", Word, nullable=False),
        Column("trace", Bytes, nullable=False),
        Column("places", Bytes, nullable=False),
    )
    op.create_index("ix_visit_trace_author", "visit_trace", ["author", "began_at"])
    op.create_index("ix_visit_trace_device", "visit_trace", ["device_id", "began_at"])
    op.create_index("ix_visit_trace_install", "visit_trace", ["install_id", "n"])
    op.create_table(
        "visit_photo",
        Column("visit_id", Word, primary_key=True),
        Column("digest", Word, primary_key=True),
        Column("arrived_at", Word),
        sqlite_with_rowid=False,
    )
    is_missing = text("arrived_at IS NULL")
    op.create_index(
        "ix_visit_photo_missing", "visit_photo", ["visit_id"], sqlite_where=is_missing, postgresql_where=is_missing
    )
    op.create_table(
        "evidence_root",
        Column("org_id", Word, primary_key=True),
        Column("date", Word, primary_key=True),
        Column("count", Number, nullable=False),
        Column("root", Word, nullable=False),
        Column("prev", Word, nullable=False),
        Column("sig", Word, nullable=False),
        Column("heads", Text, nullable=False),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    """Drop the tables."""
    op.drop_table("evidence_root")
    op.drop_table("visit_photo")
    op.drop_table("visit_trace")
    op.drop_table("visit")
