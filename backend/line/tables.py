"""The table of what queue machines said, and what they were answered."""

from sqlalchemy import Column, Index, Table

from backend.storage.metadata import Bytes, Number, Word, metadata

machine_message = Table(
    "machine_message",
    metadata,
    Column("install_id", Word, primary_key=True),
    Column("n", Number, primary_key=True, autoincrement=False),
    Column("digest", Word, nullable=False),  # of the message, so that a retry is told from another message
    Column("answer", Bytes, nullable=False),  # JSON of contracts.machine.MachineAnswer
    Column("at", Word, nullable=False, server_default=""),  # when it was answered
    # Serves forgetting those of long ago.
    Index("ix_machine_message_at", "at"),
    sqlite_with_rowid=False,
)
