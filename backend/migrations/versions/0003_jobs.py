"""Timed work: the claims that let each slot of a job run once."""

from alembic import op
from sqlalchemy import Column

from backend.storage.metadata import Word

revision = "0003_jobs"
down_revision = "0002_people"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "job_claim",
        Column("job", Word, primary_key=True),
        Column("slot", Word, primary_key=True),
        Column("claimed_at", Word, nullable=False),
        Column("claimed_by", Word, nullable=False),
    )
    op.create_index("ix_job_claim_claimed_at", "job_claim", ["claimed_at"])


def downgrade() -> None:
    """Drop the table."""
    op.drop_table("job_claim")
