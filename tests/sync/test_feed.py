"""The feed of a bucket: numbers without a gap, and a count and digest that equal recomputation (I2)."""

from functools import partial

from hypothesis import given
from hypothesis import strategies as st

from sync.digest import MODULUS, digest_of, record_hash, write_digest
from sync.feed import advance, changes_of
from sync.memory import MemorySnapshot, MemoryStore
from sync.store import BucketState, Key, Stored, Write

AT = "2026-11-21T01:30:00.000Z"
IDS, BUCKETS = "abcd", ["x", "y", "z"]
homes = st.frozensets(st.sampled_from(BUCKETS))
writes = st.lists(st.tuples(st.sampled_from(IDS), homes, st.booleans()), max_size=5, unique_by=lambda one: one[0])
histories = st.lists(writes, max_size=12)


def write_all(store, batch):
    def work(unit):
        before = unit.records([Key("k", id) for id, _, _ in batch])
        made = []
        for id, buckets, is_deleted in batch:
            was = before.get(Key("k", id))
            if was is None or was.standing == "live":
                version = was.version + 1 if was else 1
                standing = "deleted" if is_deleted and was else "live"
                home = frozenset() if standing == "deleted" else buckets
                after = Stored(
                    kind="k", id=id, version=version, body=b"{}", buckets=home, standing=standing, changed_at=AT
                )
                made.append(Write(before=was, after=after))
        unit.save_records(made)

    store.write(work)


@given(histories)
def test_random_writes_leave_every_bucket_whole(history):
    store = MemoryStore("e")
    told: dict[str, int] = dict.fromkeys(BUCKETS, 0)
    for batch in history:
        write_all(store, batch)
        for name in BUCKETS:
            state = store.read(partial(MemorySnapshot.buckets, names=[name]))[name]
            rows = store.read(partial(MemorySnapshot.rows, bucket=name, after=told[name], limit=1000))
            assert [row.seq for row in rows] == list(range(told[name] + 1, state.head + 1))
            told[name] = state.head
            records = [one for one in store.tables.records.values() if name in one.buckets]
            assert (state.n, state.digest) == (
                len(records), digest_of((one.kind, one.id, one.version) for one in records)
            )  # fmt: skip


@given(histories)
def test_a_reader_who_takes_every_row_holds_what_is_there(history):
    store = MemoryStore("e")
    held: dict[str, dict[str, int]] = {name: {} for name in BUCKETS}
    seen = dict.fromkeys(BUCKETS, 0)
    for batch in history:
        write_all(store, batch)
        for name in BUCKETS:
            for row in store.read(partial(MemorySnapshot.rows, bucket=name, after=seen[name], limit=1000)):
                seen[name] = row.seq
                held[name].pop(row.id, None)
                if row.x is None:
                    held[name][row.id] = row.version
    for name in BUCKETS:
        assert held[name] == {key.id: one.version for key, one in store.tables.records.items() if name in one.buckets}


def test_a_record_that_leaves_says_why():
    live = Stored(kind="k", id="a", version=1, body=b"{}", buckets=frozenset({"x", "y"}))
    moved = Stored(kind="k", id="a", version=2, body=b"{}", buckets=frozenset({"y", "z"}))
    gone = Stored(kind="k", id="a", version=2, body=b"", standing="deleted")
    why = lambda after, cause: {  # noqa: E731  # shortest here
        bucket: moves[0].x for bucket, moves in changes_of([Write(before=live, after=after, cause=cause)]).items()
    }
    assert why(moved, "moved") == {"x": "moved", "y": None, "z": None}
    assert why(moved, "closed") == {"x": "closed", "y": None, "z": None}
    assert why(gone, "moved") == {"x": "deleted", "y": "deleted"}


def test_numbers_go_on_from_the_head_and_the_digest_wraps_around():
    moves = changes_of(
        [Write(before=None, after=Stored(kind="k", id="a", version=1, body=b"", buckets=frozenset("x")))]
    )
    state, (row,) = advance(BucketState(name="x", head=41, digest=MODULUS - 1), moves["x"], AT)
    assert (state.head, row.seq, state.n) == (42, 42, 1)
    assert state.digest == record_hash("k", "a", 1) - 1


def test_the_digest_is_the_documented_one():
    assert write_digest(record_hash("ticket", "0197a3c0-0000-7000-8000-000000000001", 4)) == "8eec0621cf6e8212"
    assert write_digest(digest_of([])) == "0" * 16
