"""I2: bucket numbers without a gap, and digests equal to a recomputation that shares no code with the engine."""

from collections.abc import Collection, Iterable
from functools import lru_cache, partial
from hashlib import sha256

from sync.memory import Tables
from sync.store import BucketState, FeedRow, Snapshot, Store


@lru_cache(maxsize=100_000)
def hash_of(kind: str, id: str, version: int) -> int:
    """Return protocol.md C6's hash of one record, written anew."""
    return int(sha256(f"{kind}|{id}|{version}".encode()).hexdigest()[:16], 16)


def digest_of(records: Iterable[tuple[str, str, int]]) -> int:
    """Return the sum over (kind, id, version)."""
    return sum(hash_of(*record) for record in records) & 0xFFFF_FFFF_FFFF_FFFF


class FeedWatch:
    """Sees every commit: the rows that it left in each bucket, and what the bucket says of itself."""

    def __init__(self) -> None:
        self._heads: dict[str, int] = {}

    def look_again(self, store: Store) -> None:
        """Go on from what is there, after a restart."""
        states = store.read(lambda look: look.buckets(look.bucket_names()))
        self._heads = {name: state.head for name, state in states.items()}

    def check(self, store: Store, moved: Collection[str]) -> None:
        """Check the buckets that a commit moved."""
        names = sorted(moved)
        states = store.read(lambda look: look.buckets(names))
        for name in names:
            head = self._heads.get(name, 0)
            fresh = store.read(partial(_rows_after, name, head))
            live = store.read(partial(_live_in, name))
            check_i2_no_gap(states[name], fresh, head)
            check_i2_digest(states[name], ((kind, id, version) for id, kind, version in live))
            self._heads[name] = states[name].head


def _rows_after(name: str, head: int, look: Snapshot) -> list[FeedRow]:
    return look.rows(name, head, 10**6)


def _live_in(name: str, look: Snapshot) -> list[tuple[str, str, int]]:
    return look.live_ids(name)


def check_i2_no_gap(state: BucketState, fresh: list[FeedRow], head_before: int) -> None:
    """I2: a commit numbers its rows from the head on, each number once, none left out."""
    numbers = [row.seq for row in fresh]
    expected = list(range(head_before + 1, state.head + 1))
    assert numbers == expected, f"I2: {state.name} has {numbers} after {head_before}, head {state.head}"


def check_i2_digest(state: BucketState, live: Iterable[tuple[str, str, int]]) -> None:
    """I2: count and digest are those of the records that are there."""
    records = list(live)
    assert (state.n, state.digest) == (len(records), digest_of(records)), f"I2: digest of {state.name} is wrong"


def check_i2_membership(tables: Tables) -> None:
    """I2: a record is in exactly the buckets where it has a row that shows it, and every row is of a known record."""
    shown = {(key, bucket) for bucket, rows in tables.rows.items() for key, row in rows.items() if row.x is None}
    meant = {(key, bucket) for key, stored in tables.records.items() for bucket in stored.buckets}
    assert shown == meant, f"I2: rows and records disagree: {sorted(shown ^ meant)[:5]}"
    for name, rows in tables.rows.items():
        numbers = sorted(row.seq for row in rows.values())
        state = tables.buckets[name]
        assert len(set(numbers)) == len(numbers), f"I2: {name} has a number twice"
        assert not numbers or numbers[-1] <= state.head, f"I2: {name} has a number above its head"
        assert state.floor <= state.head, f"I2: the floor of {name} is above its head"
