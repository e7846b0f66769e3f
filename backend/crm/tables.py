"""The table of events that the central CRM sent and that were looked at."""

from sqlalchemy import Column, Index, Table

from backend.storage.metadata import Word, metadata

crm_event = Table(
    "crm_event",
    metadata,
    # The key serves the one question: was this event here before?
    Column("source", Word, primary_key=True),
    Column("event_id", Word, primary_key=True),
    Column("at", Word, nullable=False),
    # Serves forgetting: marks that are older than any repeat.
    Index("ix_crm_event_at", "at"),
    sqlite_with_rowid=False,
)
