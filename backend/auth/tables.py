"""The table of sessions: a person signed in on an install, and the newest refresh token's hash."""

from sqlalchemy import Column, ForeignKey, Index, Table

from backend.storage.metadata import Number, Word, metadata

session = Table(
    "session",
    metadata,
    Column("session_id", Word, primary_key=True),
    Column("install_id", Word, ForeignKey("device_install.install_id"), nullable=False),
    Column("staff_no", Word, ForeignKey("staff.staff_no"), nullable=False),
    Column("started_at", Word, nullable=False),
    Column("refreshed_at", Word, nullable=False),
    Column("expires_at", Word, nullable=False),  # moves on with every refresh
    Column("refresh_n", Number, nullable=False),  # how often the token was rotated
    Column("refresh_hash", Word, nullable=False),
    Column("ended_at", Word),
    Column("cause", Word),  # signed_out · replaced · reused · password
    # Serves sign-out and sign-in: a person's or a predecessor's sessions on an install.
    Index("ix_session_install", "install_id"),
    # Serves a new password: all of a person's sessions.
    Index("ix_session_staff", "staff_no"),
)
