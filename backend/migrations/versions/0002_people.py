"""Devices and people: institutions, staff, portfolios, tablets, enrolment codes, sessions."""

from alembic import op
from sqlalchemy import Column, Double, ForeignKey, UniqueConstraint, text

from backend.storage.metadata import Bytes, Number, Word

revision = "0002_people"
down_revision = "0001_sync"
branch_labels = None
depends_on = None

WHERE_CURRENT = text("until_at IS NULL")
TABLES = (
    "org",
    "staff",
    "sign_in_failure",
    "portfolio",
    "assignment",
    "device",
    "device_install",
    "enrolment_code",
    "session",
)


def upgrade() -> None:
    """Make the tables; an institution's come first, then people's, then tablets'."""
    _make_orgs()
    _make_staff()
    _make_portfolios()
    _make_devices()
    _make_sessions()


def downgrade() -> None:
    """Drop the tables, the last first."""
    for table in reversed(TABLES):
        op.drop_table(table)


def _make_orgs() -> None:
    op.create_table(
        "org",
        Column("org_id", Word, primary_key=True),
        Column("name", Word, nullable=False),
        Column("level", Word, nullable=False),
        Column("parent", Word, ForeignKey("org.org_id")),
        Column("lat", Double),
        Column("lon", Double),
    )
    op.create_index("ix_org_parent", "org", ["parent"])


def _make_staff() -> None:
    op.create_table(
        "staff",
        Column("staff_no", Word, primary_key=True),
        Column("name", Word, nullable=False),
        Column("org_id", Word, ForeignKey("org.org_id"), nullable=False),
        Column("roles", Word, nullable=False),
        Column("password_hash", Word, nullable=False),
        Column("password_changed_at", Word, nullable=False),
        Column("created_at", Word, nullable=False),
        Column("revoked_at", Word),
    )
    op.create_index("ix_staff_org", "staff", ["org_id", "staff_no"])
    op.create_table(
        "sign_in_failure",
        Column("staff_no", Word, primary_key=True),
        Column("count", Number, nullable=False),
        Column("last_at", Word, nullable=False),
        Column("locked_until", Word),
    )
    op.create_index("ix_sign_in_failure_last", "sign_in_failure", ["last_at"])


def _make_portfolios() -> None:
    op.create_table(
        "portfolio",
        Column("portfolio_id", Word, primary_key=True),
        Column("org_id", Word, ForeignKey("org.org_id"), nullable=False),
    )
    op.create_index("ix_portfolio_org", "portfolio", ["org_id"])
    op.create_table(
        "assignment",
        Column("staff_no", Word, ForeignKey("staff.staff_no"), primary_key=True),
        Column("bucket", Word, primary_key=True),
        Column("from_at", Word, primary_key=True),
        Column("until_at", Word),
    )
    op.create_index(
        "uq_assignment_current",
        "assignment",
        ["bucket", "staff_no"],
        unique=True,
        sqlite_where=WHERE_CURRENT,
        postgresql_where=WHERE_CURRENT,
    )


def _make_devices() -> None:
    op.create_table(
        "device",
        Column("device_id", Word, primary_key=True),
        Column("platform", Word, nullable=False),
        Column("key_thumbprint", Word, nullable=False),
        Column("enrolled_at", Word, nullable=False),
        UniqueConstraint("key_thumbprint"),
    )
    op.create_table(
        "device_install",
        Column("install_id", Word, primary_key=True),
        Column("device_id", Word, ForeignKey("device.device_id"), nullable=False),
        Column("org_id", Word, ForeignKey("org.org_id"), nullable=False),
        Column("letter", Word, nullable=False),
        Column("public_key", Bytes, nullable=False),
        Column("app_version", Word, nullable=False),
        Column("schema", Number, nullable=False),
        Column("enrolled_at", Word, nullable=False),
        Column("last_seen_at", Word, nullable=False),
        Column("staff_no", Word, ForeignKey("staff.staff_no")),
        Column("sign_in_count", Number, nullable=False),
        Column("revoked_at", Word),
    )
    op.create_index("uq_device_install_letter", "device_install", ["org_id", "letter"], unique=True)
    op.create_index("ix_device_install_staff", "device_install", ["staff_no"])
    op.create_table(
        "enrolment_code",
        Column("hash", Word, primary_key=True),
        Column("org_id", Word, ForeignKey("org.org_id"), nullable=False),
        Column("device_id", Word, ForeignKey("device.device_id")),
        Column("made_by", Word, nullable=False),
        Column("made_at", Word, nullable=False),
        Column("expires_at", Word, nullable=False),
        Column("used_by", Word),
    )


def _make_sessions() -> None:
    op.create_table(
        "session",
        Column("session_id", Word, primary_key=True),
        Column("install_id", Word, ForeignKey("device_install.install_id"), nullable=False),
        Column("staff_no", Word, ForeignKey("staff.staff_no"), nullable=False),
        Column("started_at", Word, nullable=False),
        Column("refreshed_at", Word, nullable=False),
        Column("expires_at", Word, nullable=False),
        Column("refresh_n", Number, nullable=False),
        Column("refresh_hash", Word, nullable=False),
        Column("ended_at", Word),
        Column("cause", Word),
    )
    op.create_index("ix_session_install", "session", ["install_id"])
    op.create_index("ix_session_staff", "session", ["staff_no"])
