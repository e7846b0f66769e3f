"""Purge orders and the receipts that answer them."""

from typing import Annotated

from msgspec import Meta

from contracts.base import Count, Message, Moment, Signature, Uuid
from contracts.pull import Digest

RECEIPTS_MAX = 100


class PurgeOrder(Message, frozen=True, kw_only=True):
    """What must be deleted from an install, and by when."""

    purge: Uuid
    buckets: list[str]
    deadline: Moment
    cause: str  # scope · revoked


class PurgeReceipt(Message, frozen=True, kw_only=True):
    """A tablet's signed word that a purge order was carried out."""

    purge: Uuid
    deleted: Count
    digest_before: Digest
    done_at: Moment
    sig: Signature


class PurgeAckRequest(Message, frozen=True, kw_only=True):
    """Receipts; acknowledging one twice changes nothing."""

    receipts: Annotated[list[PurgeReceipt], Meta(max_length=RECEIPTS_MAX)]


class PurgeAckResponse(Message, frozen=True, kw_only=True):
    """Which orders are settled now, and which of the install's are still open."""

    settled: list[str]
    open: list[PurgeOrder]
