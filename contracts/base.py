"""The ground of every message: struct settings, bounded names, and the words that many messages share."""

from typing import Annotated, Any

from msgspec import Meta, Struct

# Python's `$` also stands before a last line break; `(?!\n)$` is the end of the text in every language.
UUID_PATTERN = r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}(?!\n)$"
MONTH_PATTERN = r"^20[0-9]{2}-(0[1-9]|1[0-2])(?!\n)$"  # 2026-11
STAFF_NO_PATTERN = r"^[A-Za-z0-9-]{1,20}(?!\n)$"

Uuid = Annotated[str, Meta(pattern=UUID_PATTERN, description="UUID in lower-case canonical form")]
InstallId = Uuid
RecordId = Uuid
KindName = Annotated[str, Meta(pattern=r"^[a-z][a-z_]{0,39}(?!\n)$")]
FieldPath = Annotated[str, Meta(min_length=1, max_length=120)]
BucketName = Annotated[str, Meta(pattern=r"^[a-z]+(:[A-Za-z0-9_.-]{1,80})?(?!\n)$", max_length=120)]
StaffNo = Annotated[str, Meta(pattern=STAFF_NO_PATTERN)]
OrgId = Annotated[str, Meta(pattern=r"^[A-Za-z0-9-]{1,20}(?!\n)$")]
Sha256Hex = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}(?!\n)$")]
Signature = Annotated[str, Meta(max_length=200, description="base64url without padding")]
# Any word will do, since a wrong clock refuses nothing; but PostgreSQL keeps no NUL.
Moment = Annotated[str, Meta(max_length=40, pattern=r"^[^\x00-\x1f]*(?!\n)$", description="RFC 3339 with offset")]
BusinessDate = Annotated[str, Meta(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}(?!\n)$")]
Count = Annotated[int, Meta(ge=0, le=2**53 - 1)]

Body = dict[str, Any]


class Message(Struct, frozen=True, kw_only=True):
    """A message or a part of one; unknown fields of newer peers are ignored, absent optional ones take defaults."""


class Terse(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A part that repeats so often that its default values stay off the wire."""


class Problem(Terse, frozen=True, kw_only=True):
    """Why something was not done: a stable code and the facts that a sentence about it needs."""

    code: str
    args: dict[str, Any] = {}
