"""Verify: find where a tablet's bucket differs from the server's, and mend it."""

from typing import Annotated

from msgspec import Meta

from contracts.base import BucketName, Message
from contracts.pull import Change, Digest

PREFIXES_MAX = 256
LEAF_MAX = 100

Prefix = Annotated[str, Meta(pattern=r"^[0-9a-f-]{0,36}(?!\n)$")]


class VerifyRequest(Message, frozen=True, kw_only=True):
    """What the tablet holds under each id prefix of a bucket; begin with the empty prefix."""

    bucket: BucketName
    have: Annotated[dict[Prefix, Digest], Meta(min_length=1, max_length=PREFIXES_MAX)]


class Branch(Message, frozen=True, kw_only=True):
    """What the server holds under one prefix that differs: either narrower digests, or the records themselves."""

    prefix: str
    narrower: dict[str, Digest] | None = None
    records: list[Change] | None = None  # the whole truth under the prefix: anything else there must go


class VerifyResponse(Message, frozen=True, kw_only=True):
    """The prefixes that differ; empty means the bucket agrees."""

    bucket: str
    head: int
    differ: list[Branch]
