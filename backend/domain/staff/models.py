"""The tables of people, portfolios, and what is assigned to whom since when."""

from sqlalchemy import Column, ForeignKey, Index, Table, text

from backend.storage.metadata import Number, Word, metadata

staff = Table(
    "staff",
    metadata,
    Column("staff_no", Word, primary_key=True),
    Column("name", Word, nullable=False),
    Column("org_id", Word, ForeignKey("org.org_id"), nullable=False),
    Column("roles", Word, nullable=False),  # sorted, joined by spaces
    Column("password_hash", Word, nullable=False),
    Column("password_changed_at", Word, nullable=False),
    Column("created_at", Word, nullable=False),
    Column("revoked_at", Word),
    # Serves the list of an institution's people.
    Index("ix_staff_org", "org_id", "staff_no"),
)

# Counted by the number that was typed, known or not, so that a lockout does not tell who works here.
sign_in_failure = Table(
    "sign_in_failure",
    metadata,
    Column("staff_no", Word, primary_key=True),
    Column("count", Number, nullable=False),
    Column("last_at", Word, nullable=False),
    Column("locked_until", Word),
    # Serves forgetting: old rows go when new ones come.
    Index("ix_sign_in_failure_last", "last_at"),
)

portfolio = Table(
    "portfolio",
    metadata,
    Column("portfolio_id", Word, primary_key=True),
    Column("org_id", Word, ForeignKey("org.org_id"), nullable=False),
    Index("ix_portfolio_org", "org_id"),
)

assignment = Table(
    "assignment",
    metadata,
    # The key serves the guard: everything that is or was a person's, in one stretch of the tree.
    Column("staff_no", Word, ForeignKey("staff.staff_no"), primary_key=True),
    Column("bucket", Word, primary_key=True),
    Column("from_at", Word, primary_key=True),
    Column("until_at", Word),
    # Nobody holds a bucket twice at the same time; and it tells who holds a bucket now.
    Index(
        "uq_assignment_current",
        "bucket",
        "staff_no",
        unique=True,
        sqlite_where=text("until_at IS NULL"),
        postgresql_where=text("until_at IS NULL"),
    ),
    # Serves duty: who held a portfolio on which day.
    Index("ix_assignment_bucket", "bucket", "from_at"),
)
