"""The feed of a bucket: which rows a unit of work leaves in it, and their numbers (protocol.md §4)."""

from collections.abc import Iterable
from functools import partial
from typing import NamedTuple

import msgspec

from sync.digest import MODULUS, record_hash
from sync.store import BucketState, Membership, Write


class Move(NamedTuple):
    """What one write means for one bucket: the version it had there, the one it has now, why it left."""

    kind: str
    id: str
    was: int | None
    now: int | None
    x: str | None


make_move, make_membership = partial(tuple.__new__, Move), partial(tuple.__new__, Membership)  # half the cost


def changes_of(writes: Iterable[Write]) -> dict[str, list[Move]]:
    """Return the moves of each touched bucket; a record appears at most once per bucket.

    A record that leaves a bucket leaves a row with `x` there: `deleted`, or the write's cause.
    """
    moves: dict[str, list[Move]] = {}
    for write in writes:
        before, after = write.before, write.after
        old = before.buckets if before is not None else frozenset()
        for bucket in old | after.buckets:
            was = before.version if before is not None and bucket in old else None
            now = after.version if bucket in after.buckets else None
            x = None if now is not None else "deleted" if after.standing == "deleted" else write.cause
            moves.setdefault(bucket, []).append(make_move((after.kind, after.id, was, now, x)))
    return moves


def advance(state: BucketState, moves: Iterable[Move], at: str) -> tuple[BucketState, list[Membership]]:
    """Return the bucket after `moves`, and their rows numbered on from its head without a gap."""
    name, head, n, digest = state.name, state.head, state.n, state.digest
    rows = []
    for kind, id, was, now, x in moves:
        head += 1
        if was is not None:
            n, digest = n - 1, digest - record_hash(kind, id, was)
        if now is not None:
            n, digest = n + 1, digest + record_hash(kind, id, now)
        rows.append(make_membership((name, head, kind, id, x, at)))
    return msgspec.structs.replace(state, head=head, n=n, digest=digest % MODULUS), rows
