"""The sync core: records, feeds, installs, mutations, numbers, purges, the audit chain."""

from datetime import UTC, datetime
from uuid import uuid4

from alembic import op
from sqlalchemy import Column, Text, UniqueConstraint, text

from backend.storage.metadata import Bytes, Number, Serial, Word
from sync.moments import write_moment

revision = "0001_sync"
down_revision = None
branch_labels = None
depends_on = None

WHERE_LEFT = text("x IS NOT NULL")
TABLES = (
    "epoch",
    "server_secret",
    "install",
    "record",
    "bucket",
    "membership",
    "mutation",
    "evidence",
    "number_line",
    "number_use",
    "lease",
    "purge",
    "received",
    "audit_stream",
    "audit_entry",
    "anchor",
    "outbox",
    "review",
    "ticket",
)


def upgrade() -> None:
    """Make the tables, and the first epoch of this database."""
    op.create_table(
        "epoch",
        Column("ordinal", Number, primary_key=True, autoincrement=False),
        Column("epoch", Word, nullable=False),
        Column("started_at", Word, nullable=False),
        Column("number_gap", Number, nullable=False),
        Column("gap_until", Word, nullable=False),
        UniqueConstraint("epoch"),
    )
    op.create_table(
        "server_secret",
        Column("name", Word, primary_key=True),
        Column("value", Bytes, nullable=False),
    )
    op.create_table(
        "install",
        Column("install_id", Word, primary_key=True),
        Column("ack_n", Number, nullable=False),
        Column("evidence_head", Word, nullable=False),
        Column("letter", Word, nullable=False),
        Column("public_key", Bytes, nullable=False),
    )
    op.create_table(
        "record",
        Column("kind", Word, primary_key=True),
        Column("id", Word, primary_key=True),
        Column("version", Number, nullable=False),
        Column("body", Bytes, nullable=False),
        Column("field_versions", Text(), nullable=False),
        Column("buckets", Text(), nullable=False),
        Column("left", Text(), nullable=False),
        Column("standing", Word, nullable=False),
        Column("changed_by", Word, nullable=False),
        Column("changed_at", Word, nullable=False),
        Column("parked_by", Word),
        Column("review", Word),
    )
    op.create_table(
        "bucket",
        Column("name", Word, primary_key=True),
        Column("head", Number, nullable=False),
        Column("floor", Number, nullable=False),
        Column("n", Number, nullable=False),
        Column("digest", Word, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "membership",
        Column("bucket", Word, primary_key=True),
        Column("seq", Number, primary_key=True, autoincrement=False),
        Column("kind", Word, nullable=False),
        Column("id", Word, nullable=False),
        Column("x", Word),
        Column("at", Word, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_membership_left", "membership", ["bucket", "seq"], sqlite_where=WHERE_LEFT, postgresql_where=WHERE_LEFT
    )
    op.create_index("uq_membership_record", "membership", ["bucket", "id", "kind"], unique=True)
    op.create_table(
        "mutation",
        Column("install_id", Word, primary_key=True),
        Column("n", Number, primary_key=True, autoincrement=False),
        Column("digest", Word, nullable=False),
        Column("outcome", Bytes, nullable=False),
        Column("kind", Word, nullable=False),
        Column("id", Word, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "evidence",
        Column("install_id", Word, primary_key=True),
        Column("n", Number, primary_key=True, autoincrement=False),
        Column("hash", Word, nullable=False),
        Column("prev", Word, nullable=False),
        Column("kind", Word, nullable=False),
        Column("id", Word, nullable=False),
        Column("mutation", Bytes, nullable=False),
        Column("countersignature", Word, nullable=False),
        Column("received_at", Word, nullable=False),
    )
    op.create_index("ix_evidence_hash", "evidence", ["install_id", "hash"])
    op.create_table(
        "number_line",
        Column("branch", Word, primary_key=True),
        Column("series", Word, primary_key=True),
        Column("date", Word, primary_key=True),
        Column("next", Number, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "number_use",
        Column("branch", Word, primary_key=True),
        Column("date", Word, primary_key=True),
        Column("series", Word, primary_key=True),
        Column("overflow", Word, primary_key=True),
        Column("number", Number, primary_key=True, autoincrement=False),
        Column("place", Number, primary_key=True, autoincrement=False),
        Column("id", Word, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "lease",
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
        Column("unused", Text(), nullable=False),
    )
    op.create_index("ix_lease_day", "lease", ["branch", "date"])
    op.create_index("ix_lease_open", "lease", ["install_id", "state"])
    op.create_index("uq_lease_request", "lease", ["install_id", "request_id"], unique=True)
    op.create_table(
        "purge",
        Column("purge", Word, primary_key=True),
        Column("install_id", Word, nullable=False),
        Column("buckets", Text(), nullable=False),
        Column("cause", Word, nullable=False),
        Column("ordered_at", Word, nullable=False),
        Column("deadline", Word, nullable=False),
        Column("receipt", Bytes),
    )
    op.create_index("ix_purge_install", "purge", ["install_id", "ordered_at"])
    op.create_table(
        "received",
        Column("install_id", Word, primary_key=True),
        Column("bucket", Word, primary_key=True),
        Column("seq", Number, nullable=False),
        Column("at", Word, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_received_bucket", "received", ["bucket", "at", "seq"])
    op.create_table(
        "audit_stream",
        Column("stream", Word, primary_key=True),
        Column("length", Number, nullable=False),
        Column("hash", Word, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "audit_entry",
        Column("stream", Word, primary_key=True),
        Column("position", Number, primary_key=True, autoincrement=False),
        Column("at", Word, nullable=False),
        Column("actor", Word, nullable=False),
        Column("action", Word, nullable=False),
        Column("subject", Word, nullable=False),
        Column("result", Word, nullable=False),
        Column("detail", Text(), nullable=False),
        Column("hash", Word, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "anchor",
        Column("ordinal", Number, primary_key=True, autoincrement=False),
        Column("at", Word, nullable=False),
        Column("heads", Text(), nullable=False),
        Column("hash", Word, nullable=False),
    )
    op.create_table(
        "outbox",
        Column("position", Serial, primary_key=True),
        Column("kind", Word, nullable=False),
        Column("id", Word, nullable=False),
        Column("version", Number, nullable=False),
        Column("at", Word, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "review",
        Column("id", Word, primary_key=True),
        Column("state", Word, nullable=False),
        Column("org_id", Word, nullable=False),
        Column("must_act", Word, nullable=False),
        Column("raised_at", Word, nullable=False),
        Column("install_id", Word, nullable=False),
        Column("author", Word, nullable=False),
    )
    op.create_index("ix_review_author", "review", ["author", "state", "raised_at"])
    op.create_index("ix_review_install", "review", ["install_id", "state"])
    op.create_index("ix_review_list", "review", ["org_id", "state", "must_act", "raised_at"])
    op.create_table(
        "ticket",
        Column("id", Word, primary_key=True),
        Column("branch_id", Word, nullable=False),
        Column("business_date", Word, nullable=False),
        Column("series", Word, nullable=False),
        Column("number", Number, nullable=False),
        Column("overflow", Word),
        Column("state", Word, nullable=False),
        Column("issued_at", Word, nullable=False),
    )
    op.create_index("ix_ticket_line", "ticket", ["branch_id", "business_date", "state", "issued_at"])
    op.create_index("ix_ticket_number", "ticket", ["branch_id", "business_date", "series", "number"])
    first = text("INSERT INTO epoch (ordinal, epoch, started_at, number_gap, gap_until) VALUES (1, :epoch, :at, 0, '')")
    op.execute(first.bindparams(epoch=str(uuid4()), at=write_moment(datetime.now(UTC))))


def downgrade() -> None:
    """Drop the tables with all they hold."""
    for name in reversed(TABLES):
        op.drop_table(name)
