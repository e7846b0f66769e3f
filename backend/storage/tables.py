"""The tables of the sync core; slices and people declare theirs beside their own code, on the same metadata."""

from sqlalchemy import Column, Index, Table, Text, text

from backend.storage.metadata import Bytes, Number, Serial, Word, metadata

# `sqlite_with_rowid=False`: rows that are little more than their key lie in the key's own tree, found in one search.

epoch = Table(
    "epoch",
    metadata,
    Column("ordinal", Number, primary_key=True, autoincrement=False),  # the highest is the present one
    Column("epoch", Word, nullable=False, unique=True),
    Column("started_at", Word, nullable=False),
    # After a restore: lines of days up to `gap_until` that are not known here begin above `number_gap`, because their
    # first numbers may have been given out after the backup was made.
    Column("number_gap", Number, nullable=False),
    Column("gap_until", Word, nullable=False),
)

server_secret = Table(
    "server_secret",
    metadata,
    Column("name", Word, primary_key=True),
    Column("value", Bytes, nullable=False),
)

install = Table(
    "install",
    metadata,
    Column("install_id", Word, primary_key=True),
    Column("ack_n", Number, nullable=False),
    Column("evidence_head", Word, nullable=False),
    Column("letter", Word, nullable=False),
    Column("public_key", Bytes, nullable=False),
)

record = Table(
    "record",
    metadata,
    Column("kind", Word, primary_key=True),
    Column("id", Word, primary_key=True),
    Column("version", Number, nullable=False),
    Column("body", Bytes, nullable=False),  # goes out as it lies
    Column("field_versions", Text, nullable=False),  # this and the next two: compact JSON
    Column("buckets", Text, nullable=False),
    Column("left", Text, nullable=False),
    Column("standing", Word, nullable=False),
    Column("changed_by", Word, nullable=False),
    Column("changed_at", Word, nullable=False),
    Column("parked_by", Word),
    Column("review", Word),
)

bucket = Table(
    "bucket",
    metadata,
    Column("name", Word, primary_key=True),
    Column("head", Number, nullable=False),
    Column("floor", Number, nullable=False),
    Column("n", Number, nullable=False),
    Column("digest", Word, nullable=False),  # 16 hex digits: an unsigned 64-bit sum fits no integer column
    sqlite_with_rowid=False,
)

membership = Table(
    "membership",
    metadata,
    # The key serves pull: a bucket's rows after a cursor, in order, read off one stretch of one tree.
    Column("bucket", Word, primary_key=True),
    Column("seq", Number, primary_key=True, autoincrement=False),
    Column("kind", Word, nullable=False),
    Column("id", Word, nullable=False),
    Column("x", Word),  # why the record left; null while it is there
    Column("at", Word, nullable=False),
    # Serves the upsert at the end of a unit, and verify, which reads a bucket by id.
    Index("uq_membership_record", "bucket", "id", "kind", unique=True),
    # Serves compaction: what left a bucket, oldest first.
    Index(
        "ix_membership_left",
        "bucket",
        "seq",
        sqlite_where=text("x IS NOT NULL"),
        postgresql_where=text("x IS NOT NULL"),
    ),
    sqlite_with_rowid=False,
)

settled = Table(
    "settled",
    metadata,
    # One row for all that a push settled. The key serves retries: the newest row that begins at or before a number.
    # With rowid: the rows of pushes that commit together lie on the same pages.
    Column("install_id", Word, primary_key=True),
    Column("first_n", Number, primary_key=True, autoincrement=False),
    Column("text", Bytes, nullable=False),  # see sync/settled.py
)

evidence = Table(
    "evidence",
    metadata,
    # The key serves exports, and alone answers which hashes are known of an install, by reading all of that install's:
    # seldom asked, while an index by hash would have each new piece of evidence write a page of its own.
    Column("install_id", Word, primary_key=True),
    Column("n", Number, primary_key=True, autoincrement=False),
    Column("hash", Word, primary_key=True),
    Column("prev", Word, nullable=False),
    Column("kind", Word, nullable=False),
    Column("id", Word, nullable=False),
    Column("mutation", Bytes, nullable=False),
    Column("countersignature", Word, nullable=False),
    Column("received_at", Word, nullable=False),
)

number_line = Table(
    "number_line",
    metadata,
    Column("branch", Word, primary_key=True),
    Column("series", Word, primary_key=True),
    Column("date", Word, primary_key=True),
    Column("next", Number, nullable=False),
    sqlite_with_rowid=False,
)

number_use = Table(
    "number_use",
    metadata,
    # The key serves both the users of one number and the report of one branch's day.
    Column("branch", Word, primary_key=True),
    Column("date", Word, primary_key=True),
    Column("series", Word, primary_key=True),
    Column("overflow", Word, primary_key=True),
    Column("number", Number, primary_key=True, autoincrement=False),
    Column("place", Number, primary_key=True, autoincrement=False),  # 1 is the first user; others collided with it
    Column("id", Word, nullable=False),
    sqlite_with_rowid=False,
)

lease = Table(
    "lease",
    metadata,
    Column("lease_id", Word, primary_key=True),
    Column("request_id", Word, nullable=False),
    Column("install_id", Word, nullable=False),
    Column("branch", Word, nullable=False),
    Column("series", Word, nullable=False),
    Column("date", Word, nullable=False),
    Column("lo", Number, nullable=False),
    Column("hi", Number, nullable=False),
    Column("expires_at", Word, nullable=False),
    Column("state", Word, nullable=False),
    Column("unused", Text, nullable=False),  # JSON
    Index("uq_lease_request", "install_id", "request_id", unique=True),  # a repeated request gets its first answer
    Index("ix_lease_open", "install_id", "state"),  # an install's open blocks
    Index("ix_lease_day", "branch", "date"),  # the number report and the day's end
    Index("ix_lease_date", "date", "state"),  # the days that want an end
)

purge = Table(
    "purge",
    metadata,
    Column("purge", Word, primary_key=True),
    Column("install_id", Word, nullable=False),
    Column("buckets", Text, nullable=False),  # JSON
    Column("cause", Word, nullable=False),
    Column("ordered_at", Word, nullable=False),
    Column("deadline", Word, nullable=False),
    Column("receipt", Bytes),
    Index("ix_purge_install", "install_id", "ordered_at"),  # an install's orders, read at hello and when it is refused
)

received = Table(
    "received",
    metadata,
    Column("install_id", Word, primary_key=True),
    Column("bucket", Word, primary_key=True),
    Column("seq", Number, nullable=False),
    Column("at", Word, nullable=False),
    # Serves compaction: the cursors in a bucket of the installs seen of late.
    Index("ix_received_bucket", "bucket", "at", "seq"),
    sqlite_with_rowid=False,
)

audit_stream = Table(
    "audit_stream",
    metadata,
    Column("stream", Word, primary_key=True),
    Column("length", Number, nullable=False),
    Column("hash", Word, nullable=False),  # of the newest entry
    sqlite_with_rowid=False,
)

audit_entry = Table(
    "audit_entry",
    metadata,
    # The key serves verification: a stream from its first entry on.
    Column("stream", Word, primary_key=True),
    Column("position", Number, primary_key=True, autoincrement=False),
    Column("at", Word, nullable=False),
    Column("actor", Word, nullable=False),
    Column("action", Word, nullable=False),
    Column("subject", Word, nullable=False),
    Column("result", Word, nullable=False),
    Column("detail", Text, nullable=False),  # JSON
    Column("hash", Word, nullable=False),
    sqlite_with_rowid=False,
)

anchor = Table(
    "anchor",
    metadata,
    Column("ordinal", Number, primary_key=True, autoincrement=False),
    Column("at", Word, nullable=False),
    Column("heads", Text, nullable=False),  # canonical JSON: stream → [length, hash]
    Column("hash", Word, nullable=False),  # seals the heads and the anchor before
)

outbox = Table(
    "outbox",
    metadata,
    Column("position", Serial, primary_key=True),
    Column("kind", Word, nullable=False),
    Column("id", Word, nullable=False),
    Column("version", Number, nullable=False),
    Column("at", Word, nullable=False),
    sqlite_autoincrement=True,  # SQLite would give a sent row's number out again
)

follow_up = Table(
    "follow_up",
    metadata,
    Column("position", Serial, primary_key=True),
    Column("kind", Word, nullable=False),
    Column("ids", Text, nullable=False),  # JSON
    Column("at", Word, nullable=False),  # when the records were written
    Column("tries", Number, nullable=False),  # that failed
    sqlite_autoincrement=True,
)
