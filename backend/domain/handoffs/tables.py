"""Tables of the lobby's day: what its waits are estimated from, and the sums that are kept."""

from sqlalchemy import Column, Double, Index, Table

from backend.storage.metadata import Bytes, Number, Word, metadata

line_hour = Table(
    "line_hour",
    metadata,
    Column("branch_id", Word, primary_key=True),
    Column("business_date", Word, primary_key=True),
    Column("series", Word, primary_key=True),
    Column("hour", Number, primary_key=True, autoincrement=False),
    Column("issued", Number, nullable=False),
    Column("services", Number, nullable=False),
    Column("services_s", Double, nullable=False),
    # Serves the means of the last weeks, for all branches at once.
    Index("ix_line_hour_day", "business_date"),
)

lobby_day = Table(
    "lobby_day",
    metadata,
    Column("branch_id", Word, primary_key=True),
    Column("business_date", Word, primary_key=True),
    Column("as_of", Word, nullable=False),
    Column("head", Number, nullable=False),  # of the branch's bucket, as it was then
    Column("parts", Bytes, nullable=False),  # JSON: dimension → key → Tally
)
