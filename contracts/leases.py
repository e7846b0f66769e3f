"""Leases: blocks of queue numbers that a tablet may hand out with no line."""

from typing import Annotated

from msgspec import Meta

from contracts.base import BusinessDate, Message, Moment, OrgId, Uuid

WANT_MAX = 200
HELD_MAX = 50

Series = Annotated[str, Meta(pattern=r"^[A-Z][A-Z0-9]{0,3}(?!\n)$")]


class LeaseRequest(Message, frozen=True, kw_only=True):
    """Ask for a block; `held` are tokens of leases the tablet still has, shown after a new epoch."""

    branch: OrgId
    series: Series
    business_date: BusinessDate
    want: Annotated[int, Meta(ge=1, le=WANT_MAX)]
    request_id: Uuid  # makes a retry harmless: the same request gets the same block
    held: Annotated[list[Annotated[str, Meta(max_length=2000)]], Meta(max_length=HELD_MAX)] = []


class Lease(Message, frozen=True, kw_only=True):
    """Numbers `lo` to `hi`, both included, of one series on one day for one install."""

    lease_id: Uuid
    branch: str
    series: str
    business_date: str
    lo: int
    hi: int
    expires_at: Moment
    token: str  # the server's signed word; it restores the lease after a restore from backup
    overflow: str  # this install's letter for numbers beyond its leases


class LeaseReturn(Message, frozen=True, kw_only=True):
    """Numbers of a lease that were never handed out; without a body all unused ones go back."""

    unused: Annotated[list[int], Meta(max_length=WANT_MAX)] | None = None
