"""The tables of tablets, their installs, and the codes that let one in."""

from sqlalchemy import Column, ForeignKey, Index, Table

from backend.storage.metadata import Bytes, Number, Word, metadata

device = Table(
    "device",
    metadata,
    Column("device_id", Word, primary_key=True),
    Column("platform", Word, nullable=False),
    # Serves the return of a known tablet: the same key is the same device.
    Column("key_thumbprint", Word, nullable=False, unique=True),  # RFC 7638, of the newest key
    Column("enrolled_at", Word, nullable=False),
)

device_install = Table(
    "device_install",
    metadata,
    Column("install_id", Word, primary_key=True),
    Column("device_id", Word, ForeignKey("device.device_id"), nullable=False),
    Column("org_id", Word, ForeignKey("org.org_id"), nullable=False),
    Column("letter", Word, nullable=False),  # names the install's overflow series within its branch
    Column("public_key", Bytes, nullable=False),  # JWK
    Column("app_version", Word, nullable=False),
    Column("schema", Number, nullable=False),
    Column("enrolled_at", Word, nullable=False),
    Column("last_seen_at", Word, nullable=False),  # sign-in or refresh
    Column("staff_no", Word, ForeignKey("staff.staff_no")),  # who signed in last
    Column("sign_in_count", Number, nullable=False),  # verified proofs; each uses up a challenge
    Column("revoked_at", Word),
    # Serves the list of an institution's tablets, and no letter is given twice.
    Index("uq_device_install_letter", "org_id", "letter", unique=True),
    # Serves the revocation of a person: the tablets they used last.
    Index("ix_device_install_staff", "staff_no"),
)

enrolment_code = Table(
    "enrolment_code",
    metadata,
    Column("hash", Word, primary_key=True),  # the code itself is shown once and kept nowhere
    Column("org_id", Word, ForeignKey("org.org_id"), nullable=False),
    Column("device_id", Word, ForeignKey("device.device_id")),  # for a tablet that comes back with a new key
    Column("made_by", Word, nullable=False),
    Column("made_at", Word, nullable=False),
    Column("expires_at", Word, nullable=False),
    Column("used_by", Word),  # install_id
)
