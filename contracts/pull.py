"""Pull: what changed in a person's buckets since a cursor."""

from typing import Annotated

from msgspec import Meta, Raw

from contracts.base import BucketName, Count, Message, Moment, Terse, Uuid

LIMIT_DEFAULT = 1000
LIMIT_MAX = 10_000
PAGE_BYTES_DEFAULT = 1_048_576
PAGE_BYTES_MAX = 8_388_608
WAIT_S_MAX = 25
BUCKETS_MAX = 500
CURSOR_LENGTH_MAX = 150_000  # holds a scan of so many buckets, however long their names


class Digest(Terse, frozen=True, kw_only=True):
    """The live records of a bucket: their count, and the sum of their hashes as 16 hex digits (C6)."""

    n: Count
    d: Annotated[str, Meta(pattern=r"^[0-9a-f]{16}(?!\n)$")]
    s: Count = 0  # the bucket's head that this describes; a tablet need not send it


class PullRequest(Message, frozen=True, kw_only=True):
    """Ask for one page after `cursor`; null begins anew. `wait_s` makes it a long poll."""

    cursor: Annotated[str, Meta(max_length=CURSOR_LENGTH_MAX)] | None = None
    limit: Annotated[int, Meta(ge=1, le=LIMIT_MAX)] = LIMIT_DEFAULT
    max_bytes: Annotated[int, Meta(ge=1024, le=PAGE_BYTES_MAX)] = PAGE_BYTES_DEFAULT
    wait_s: Annotated[float, Meta(ge=0, le=WAIT_S_MAX)] = 0
    have: Annotated[dict[BucketName, Digest], Meta(max_length=BUCKETS_MAX)] | None = None


class Change(Terse, frozen=True, kw_only=True):
    """One row of a bucket's feed: a record's newest state `d`, or `x`, why it left the bucket."""

    b: str
    s: int
    k: str
    id: str
    v: int = 0
    d: Raw = Raw(b"")
    x: str | None = None  # deleted · moved · closed · revoked


class Removal(Message, frozen=True, kw_only=True):
    """A bucket that left the person's scope: push what is owed, delete it, acknowledge the purge order."""

    bucket: str
    purge: Uuid
    deadline: Moment


class PullResponse(Message, frozen=True, kw_only=True):
    """One page, read in one snapshot; `complete` says that the cursor now equals every bucket's head."""

    epoch: Uuid
    ack_n: Count
    cursor: str
    complete: bool
    reset: list[str] = []  # buckets that are being sent in full: replace them, keep unpushed mutations
    removed: list[Removal] = []
    changes: list[Change] = []
    digests: dict[str, Digest] = {}
