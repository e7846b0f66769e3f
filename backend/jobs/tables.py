"""The table of claims: which slots of which jobs were taken, by whom."""

from sqlalchemy import Column, Index, Table

from backend.storage.metadata import Word, metadata

job_claim = Table(
    "job_claim",
    metadata,
    Column("job", Word, primary_key=True),
    Column("slot", Word, primary_key=True),
    Column("claimed_at", Word, nullable=False),
    Column("claimed_by", Word, nullable=False),
    # Serves forgetting the old ones.
    Index("ix_job_claim_claimed_at", "claimed_at"),
)
