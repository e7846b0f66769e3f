"""Follow-ups: what is done a moment after the commit that made it necessary."""

from alembic import op
from sqlalchemy import Column, Text

from backend.storage.metadata import Number, Serial, Word

revision = "0013_follow_ups"
down_revision = "0009_duty"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "follow_up",
        Column("position", Serial, primary_key=True),
        Column("kind", Word, nullable=False),
        Column("ids", Text, nullable=False),
        Column("at", Word, nullable=False),
        Column("tries", Number, nullable=False),
        sqlite_autoincrement=True,
    )


def downgrade() -> None:
    """Take it away; what waits in it is followed up first by a server of this version."""
    op.drop_table("follow_up")
