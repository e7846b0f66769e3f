"""The tables of sessions - a person signed in on an install - and of partners: systems that are not people."""

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
    Column("refresh_hash", Word, nullable=False),  # of the newest refresh token
    Column("ended_at", Word),
    Column("cause", Word),  # signed_out · replaced · reused · password
    # Serves sign-out and sign-in: a person's or a predecessor's sessions on an install.
    Index("ix_session_install", "install_id"),
    # Serves a new password: all of a person's sessions.
    Index("ix_session_staff", "staff_no"),
)

partner = Table(
    "partner",
    metadata,
    Column("partner_id", Word, primary_key=True),
    Column("sort", Word, nullable=False),  # machine · teller
    Column("org_id", Word, ForeignKey("org.org_id"), nullable=False),
    Column("name", Word, nullable=False),
    Column("key_hash", Word, nullable=False),  # the key itself is shown once and kept nowhere
    Column("install_id", Word, ForeignKey("device_install.install_id")),  # a machine's: it numbers like a tablet
    Column("added_at", Word, nullable=False),
    Column("revoked_at", Word),
)
