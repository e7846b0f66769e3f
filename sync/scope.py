"""Scope: which buckets a person may read now, which an install must give back, and the orders that say so (C7)."""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta

import msgspec

from contracts.pull import Removal
from contracts.purges import PurgeOrder
from sync.moments import write_moment
from sync.store import PurgeRow, Snapshot

EVERYTHING = "*"  # in a purge row: all that the install holds
SCOPE, REVOKED = "scope", "revoked"  # causes of an order


def buckets_lost(held: Iterable[str], scope: Collection[str]) -> list[str]:
    """Return the buckets that a tablet holds but may not read any more."""
    return sorted(bucket for bucket in held if bucket not in scope)


def buckets_given(snapshot: Snapshot, install_id: str) -> set[str]:
    """Return what an install was ever given and has not receipted the end of: for a tablet that lost its cursor."""
    ordered = {bucket for purge in snapshot.purges(install_id) if purge.is_open for bucket in purge.buckets}
    return (ordered - {EVERYTHING}) | snapshot.received(install_id).keys()


def open_order(purges: Iterable[PurgeRow], bucket: str) -> PurgeRow | None:
    """Return the unanswered order for a bucket, if there is one."""
    return next((purge for purge in purges if purge.is_open and bucket in purge.buckets), None)


def new_order(
    purge: str, install_id: str, buckets: Collection[str], *, cause: str, now: datetime, deadline_h: float
) -> PurgeRow:
    """Return a purge order that is due `deadline_h` hours from now."""
    return PurgeRow(
        purge=purge, install_id=install_id, buckets=sorted(buckets), cause=cause,
        ordered_at=write_moment(now), deadline=write_moment(now + timedelta(hours=deadline_h)),
    )  # fmt: skip


def withdraw(purges: Iterable[PurgeRow], scope: Collection[str]) -> list[PurgeRow]:
    """Return the open orders that lose a bucket, because it is in scope again; a revocation withdraws nothing."""
    withdrawn = []
    for purge in purges:
        kept = [bucket for bucket in purge.buckets if bucket not in scope]
        if purge.is_open and purge.cause == SCOPE and len(kept) < len(purge.buckets):
            withdrawn.append(msgspec.structs.replace(purge, buckets=kept))
    return withdrawn


def as_order(purge: PurgeRow) -> PurgeOrder:
    """Return an order as the wire shows it."""
    return PurgeOrder(purge=purge.purge, buckets=list(purge.buckets), deadline=purge.deadline, cause=purge.cause)


def as_removal(purge: PurgeRow, bucket: str) -> Removal:
    """Return what a pull says of a bucket that left the scope."""
    return Removal(bucket=bucket, purge=purge.purge, deadline=purge.deadline)
