"""The lobby's day: sums by hour, which forms belong to a day, and the day's figures."""

from alembic import op
from sqlalchemy import Column, Double

from backend.storage.metadata import Bytes, Number, Word

revision = "0007_figures"
down_revision = "0011_offers"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "line_hour",
        Column("branch_id", Word, primary_key=True),
        Column("business_date", Word, primary_key=True),
        Column("series", Word, primary_key=True),
        Column("hour", Number, primary_key=True, autoincrement=False),
        Column("issued", Number, nullable=False),
        Column("services", Number, nullable=False),
        Column("services_s", Double, nullable=False),
    )
    op.create_index("ix_line_hour_day", "line_hour", ["business_date"])
    op.create_table(
        "day_form",
        Column("branch_id", Word, primary_key=True),
        Column("business_date", Word, primary_key=True),
        Column("id", Word, primary_key=True),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "lobby_day",
        Column("branch_id", Word, primary_key=True),
        Column("business_date", Word, primary_key=True),
        Column("as_of", Word, nullable=False),
        Column("head", Number, nullable=False),
        Column("parts", Bytes, nullable=False),
    )


def downgrade() -> None:
    """Drop the tables."""
    for name in ("lobby_day", "day_form", "line_hour"):
        op.drop_table(name)
