"""What every store does. Memory, SQLite and PostgreSQL run the same cases."""

import threading
from collections.abc import Iterable
from typing import Any

import msgspec
import pytest

from sync.digest import digest_of
from sync.settled import gather
from sync.store import (
    AuditEntry,
    BucketState,
    Evidence,
    Install,
    Key,
    LeaseRow,
    NumberKey,
    Outbound,
    PurgeRow,
    Remembered,
    Store,
    Stored,
    Write,
    WrittenRows,
)
from sync.written import as_change

AT = "2026-11-21T01:30:00.000Z"
LINE = ("3501", "A", "2026-11-21")


class Refused(Exception):
    """Raised by a test inside a unit of work."""


def stored(id: str, version: int = 1, buckets: Iterable[str] = ("branch:1",), **fields: Any) -> Stored:
    values = {"kind": "form", "body": b'{"v":%d}' % version, "changed_at": AT} | fields
    return Stored(id=id, version=version, buckets=frozenset(buckets), **values)


def create(record: Stored) -> Write:
    return Write(before=None, after=record)


def save(store: Store, *writes: Write) -> None:
    store.write(lambda unit: unit.save_records(writes))


def rows(store: Store, bucket: str, after: int = 0, limit: int = 1_000) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in store.read(lambda snapshot: snapshot.rows(bucket, after, limit))]


def written(store: Store, name: str, after: int = 0, limit: int = 1_000, max_bytes: int = 10**6) -> WrittenRows:
    return store.read(lambda snapshot: snapshot.written_rows(name, after, limit, max_bytes))


def gone(id: str) -> Stored:
    return stored(id, 2, (), standing="deleted", body=b"")


def bucket(store: Store, name: str) -> BucketState:
    return store.read(lambda snapshot: snapshot.buckets([name]))[name]


def check_bucket(store: Store, name: str) -> None:
    """I2: numbers are unique and up to the head, and count and digest equal recomputation."""
    state = bucket(store, name)
    found = rows(store, name, 0, 100_000)
    seqs = [row[0] for row in found]
    assert seqs == sorted(set(seqs))
    assert all(1 <= seq <= state.head for seq in seqs)
    live = [(kind, id, version) for _, kind, id, x, version, _ in found if x is None]
    assert (state.n, state.digest) == (len(live), digest_of(live))


def lease(lease_id: str, **fields: Any) -> LeaseRow:
    values = dict(request_id=f"r-{lease_id}", install_id="i-1", branch="3501", series="A", date="2026-11-21")
    return LeaseRow(**{**values, "lease_id": lease_id, "lo": 1, "hi": 10, "expires_at": AT, **fields})


def everything(store: Store) -> Any:
    """What the units of these tests can have written, as far as a store shows it."""
    return store.read(
        lambda s: (
            s.find_install("i-1"),
            s.records([Key("form", "f-1")]),
            s.buckets(["branch:1"]),
            s.rows("branch:1", 0, 10),
            s.remembered("i-1", [1]),
            s.evidence_among("i-1", ["h"]),
            s.leases("3501", "2026-11-21"),
            s.numbers("3501", "2026-11-21"),
            s.purges("i-1"),
            s.received("i-1"),
        )
    )


def write_everything(unit: Any) -> None:
    unit.save_install(Install(install_id="i-1", ack_n=1))
    unit.remember(gather([Remembered(install_id="i-1", n=1, digest="d", outcome=b"{}")]))
    unit.add_evidence(
        [
            Evidence(
                install_id="i-1",
                n=1,
                hash="h",
                prev="",
                kind="visit",
                id="v",
                mutation=b"{}",
                countersignature="c",
                received_at=AT,
            )
        ]
    )
    unit.save_records([create(stored("f-1"))])
    unit.next_number(*LINE, 5)
    unit.save_lease(lease("l-1"))
    unit.take_numbers({NumberKey(*LINE, "", 1): "t-1"})
    unit.save_purge(
        PurgeRow(purge="p-1", install_id="i-1", buckets=("a",), cause="revoked", ordered_at=AT, deadline=AT)
    )
    unit.note_received("i-1", {"branch:1": 1}, AT)
    unit.audit(AuditEntry(stream="i-1", at=AT, actor="i-1", action="put", detail={"n": 1}))
    unit.send([Outbound(kind="form", id="f-1", version=1, at=AT)])


class StoreCases:
    """A subclass gives `store`, empty, and `committed`, the list that its `on_commit` appends to."""

    @pytest.fixture
    def committed(self) -> list[frozenset[str]]:
        return []

    def test_a_new_store_is_in_its_first_epoch(self, store):
        assert store.read(lambda s: s.epoch())
        assert store.read(lambda s: s.past_epochs()) == frozenset()

    def test_what_was_never_written_is_not_there(self, store):
        assert everything(store) == (
            None,
            {},
            {"branch:1": BucketState(name="branch:1")},
            [],
            {},
            set(),
            [],
            {},
            [],
            {},
        )

    def test_nothing_asked_is_nothing_answered(self, store):
        assert store.read(lambda s: (s.buckets([]), s.rows_of("b", []), s.records([]), s.remembered("i", []))) == (
            {},
            [],
            {},
            {},
        )
        store.write(lambda u: (u.save_records([]), u.take_numbers({}), u.send([]), u.taken([])))

    def test_an_install_comes_back_as_it_was_last_saved(self, store):
        first = Install(install_id="i-1", ack_n=3, evidence_head="ab", letter="C", public_key=b'{"kty":"OKP"}')
        second = Install(install_id="i-1", ack_n=4, letter="C", public_key=b"k")
        store.write(lambda u: u.save_install(first))
        assert store.read(lambda s: s.find_install("i-1")) == first
        store.write(lambda u: u.save_install(second))
        assert store.read(lambda s: s.find_install("i-1")) == second

    def test_a_record_comes_back_with_all_that_is_known_of_it(self, store):
        record = stored(
            "f-1",
            7,
            ("branch:1", "staff:2"),
            body='{"name":"李明"}'.encode(),
            field_versions={"name": 7, "values.phone": 3},
            left={"branch:9": AT},
            standing="live",
            changed_by="s-1",
        )
        parked = stored("f-2", 0, (), standing="parked", body=b"", parked_by="i-1", review="r-1")
        save(store, create(record), create(parked))
        keys = [Key("form", "f-2"), Key("form", "f-1"), Key("form", "f-3"), Key("visit", "f-1")]
        assert store.read(lambda s: s.records(keys)) == {record.key: record, parked.key: parked}

    def test_a_record_is_shown_once_in_each_of_its_buckets_in_its_newest_state(self, store):
        first, second = stored("f-1", 1, ("a", "b")), stored("f-1", 2, ("a", "b"))
        save(store, create(first), create(stored("f-2", 1, ("a",))))
        save(store, Write(before=first, after=second))
        assert rows(store, "a") == [(2, "form", "f-2", None, 1, b'{"v":1}'), (3, "form", "f-1", None, 2, b'{"v":2}')]
        assert rows(store, "b") == [(2, "form", "f-1", None, 2, b'{"v":2}')]

    def test_a_record_that_left_shows_its_cause_and_nothing_else(self, store):
        first, second = stored("f-1", 1, ("a", "b")), stored("f-1", 2, ("b",))
        save(store, create(first))
        save(store, Write(before=first, after=second, cause="revoked"))
        assert rows(store, "a") == [(2, "form", "f-1", "revoked", 0, b"")]
        save(store, Write(before=second, after=stored("f-1", 3, (), standing="deleted", body=b"")))
        assert rows(store, "b") == [(3, "form", "f-1", "deleted", 0, b"")]
        assert (bucket(store, "a").n, bucket(store, "a").digest) == (0, 0)

    def test_a_record_that_came_back_is_live_again(self, store):
        first, away, back = stored("f-1", 1, ("a",)), stored("f-1", 2, ("b",)), stored("f-1", 3, ("a",))
        save(store, create(first))
        save(store, Write(before=first, after=away))
        save(store, Write(before=away, after=back))
        assert rows(store, "a") == [(3, "form", "f-1", None, 3, b'{"v":3}')]
        check_bucket(store, "a")
        check_bucket(store, "b")

    def test_two_writes_of_a_record_in_one_unit_make_one_row(self, store):
        first, second = stored("f-1", 1, ("a",)), stored("f-1", 2, ("a",))

        def work(unit):
            unit.save_records([create(first)])
            unit.save_records([Write(before=first, after=second)])

        store.write(work)
        assert rows(store, "a") == [(1, "form", "f-1", None, 2, b'{"v":2}')]
        check_bucket(store, "a")

    def test_the_feed_is_read_in_pages(self, store):
        save(store, *(create(stored(f"f-{n}", 1, ("a",))) for n in range(1, 8)))
        assert [row[0] for row in rows(store, "a", 0, 3)] == [1, 2, 3]
        assert [row[0] for row in rows(store, "a", 3, 3)] == [4, 5, 6]
        assert [row[0] for row in rows(store, "a", 6, 3)] == [7]
        assert rows(store, "a", 7, 3) == []

    def test_rows_are_written_as_the_wire_shows_them(self, store):
        bodies = [
            {"name": "陈建国\u0000\x7f\u2028'%s%d", "😀": '"\\}'},
            {},
            {"n": [1.5, None, True]},
            {"a": "x" * 5_000},
        ]
        said = [stored(f"f-{n}", buckets=("a", "b"), body=msgspec.json.encode(body)) for n, body in enumerate(bodies)]
        save(store, *map(create, said))
        save(store, Write(before=said[0], after=stored("f-0", 2, ("b",))), Write(before=said[1], after=gone("f-1")))
        for name in ("a", "b", "c"):
            found, n, last, is_end = written(store, name)
            shown = store.read(lambda s, name=name: [as_change(name, row) for row in s.rows(name, 0, 100)])
            assert b"[%b]" % found == msgspec.json.encode(shown)
            assert (n, last, is_end) == (len(shown), shown[-1].s if shown else 0, True)

    def test_no_more_rows_are_written_than_asked_for_and_than_fit(self, store):
        save(store, *(create(stored(f"f-{n:04}", buckets=("a",))) for n in range(1_234)))
        whole = written(store, "a", limit=2_000)
        assert (whole.n, whole.last, whole.is_end) == (1_234, 1_234, True)
        texts = [msgspec.json.encode(row) for row in msgspec.json.decode(b"[%b]" % whole.text)]
        for n in (0, 1, 499, 500, 501, 1_000, 1_233):
            text = b",".join(texts[:n])
            assert written(store, "a", limit=n) == (text, n, n, False)
            for max_bytes in (len(text) + 1, len(text) + len(texts[n])):
                assert written(store, "a", max_bytes=max_bytes, limit=2_000) == (text, n, n, False)
        assert written(store, "a", limit=1_234) == (whole.text, 1_234, 1_234, False)
        assert written(store, "a", 1_234) == (b"", 0, 1_234, True)

    def test_a_glance_tells_epoch_acknowledged_number_and_buckets(self, store):
        store.write(lambda u: u.save_install(Install(install_id="i-1", ack_n=7)))
        save(store, *(create(stored(f"f-{n}", buckets=("a", "b"))) for n in range(5)))
        for install_id, ack_n in (("i-1", 7), ("i-2", None)):
            for names in ([], ["c"], ["b", "c", "a"]):
                seen, parts = store.read(
                    lambda s, names=names, id=install_id: (s.glance(id, names), (s.epoch(), s.buckets(names)))
                )
                assert seen == (parts[0], ack_n, parts[1])

    def test_live_records_are_listed_by_id(self, store):
        gone = stored("f-1", 1, ("a",))
        save(store, *(create(stored(id, 1, ("a",))) for id in ("f-3", "f-2", "F-9")), create(gone))
        save(store, create(stored("f-2", 5, ("a",), kind="visit")), Write(before=gone, after=stored("f-1", 2, ())))
        expected = [("F-9", "form", 1), ("f-2", "form", 1), ("f-2", "visit", 5), ("f-3", "form", 1)]
        assert [tuple(row) for row in store.read(lambda s: s.live_ids("a"))] == expected

    def test_rows_can_be_asked_for_by_id(self, store):
        gone = stored("f-1", 1, ("a",))
        save(store, create(gone), *(create(stored(id, 1, ("a",))) for id in ("f-2", "f-3", "f-4")))
        save(store, Write(before=gone, after=stored("f-1", 2, ("b",))))
        found = store.read(lambda s: s.rows_of("a", ["f-4", "f-1", "f-2", "unheard-of"]))
        assert [(row.seq, row.id, row.body) for row in found] == [(2, "f-2", b'{"v":1}'), (4, "f-4", b'{"v":1}')]

    def test_a_digest_beyond_63_bits_is_kept_exactly(self, store):
        for n in range(40):
            save(store, create(stored(f"f-{n}", 1, ("a",))))
            check_bucket(store, "a")
        states = [digest_of(("form", f"f-{n}", 1) for n in range(upto)) for upto in range(1, 41)]
        assert max(states) >= 2**63  # or this test shows nothing

    def test_many_records_go_in_and_come_out_at_once(self, store):
        writes = [create(stored(f"f-{n:05}", 1, ("a", f"b-{n % 7}"))) for n in range(2_000)]
        save(store, *writes)
        found = store.read(lambda s: s.records([write.after.key for write in writes]))
        assert found == {write.after.key: write.after for write in writes}
        check_bucket(store, "a")
        check_bucket(store, "b-3")

    def test_a_unit_reads_what_it_wrote(self, store):
        def work(unit):
            write_everything(unit)
            return (
                unit.find_install("i-1").ack_n,
                unit.records([Key("form", "f-1")]),
                unit.remembered("i-1", [1])[1].digest,
                unit.evidence_among("i-1", ["h"]),
                unit.find_lease("l-1"),
                unit.find_lease_by_request("i-1", "r-l-1"),
                unit.open_leases("i-1"),
                unit.taken([NumberKey(*LINE, "", 1)]),
                [purge.purge for purge in unit.purges("i-1")],
                unit.received("i-1"),
            )

        one = lease("l-1")
        record = stored("f-1")
        number = NumberKey(*LINE, "", 1)
        expected = (1, {record.key: record}, "d", {"h"}, one, one, [one], {number: "t-1"}, ["p-1"], {"branch:1": 1})
        assert store.write(work) == expected

    def test_a_unit_that_raises_leaves_nothing(self, store, committed):
        before = everything(store)

        def work(unit):
            write_everything(unit)
            raise Refused

        with pytest.raises(Refused):
            store.write(work)
        assert everything(store) == before
        assert committed == []
        assert store.write(lambda u: u.next_number(*LINE, 1)) == 1

    def test_a_unit_that_raised_does_not_harm_the_next(self, store):
        with pytest.raises(Refused):
            store.write(_refuse)
        store.write(write_everything)
        assert everything(store)[0] == Install(install_id="i-1", ack_n=1)

    def test_the_result_of_a_unit_comes_back(self, store):
        assert store.write(lambda unit: 42) == 42
        assert store.read(lambda snapshot: "seen") == "seen"

    def test_the_buckets_that_moved_are_told_after_the_commit(self, store, committed):
        save(store, create(stored("f-1", 1, ("a", "b"))))
        store.write(lambda u: u.save_install(Install(install_id="i-1")))
        assert committed == [frozenset({"a", "b"})]

    def test_a_snapshot_does_not_see_what_is_committed_later(self, store):
        save(store, create(stored("f-1", 1, ("a",))))

        def look(snapshot):
            before = (snapshot.buckets(["a", "b"]), snapshot.rows("a", 0, 10))
            run_aside(lambda: save(store, create(stored("f-2", 1, ("a", "b")))))
            assert (snapshot.buckets(["a", "b"]), snapshot.rows("a", 0, 10)) == before
            assert snapshot.rows("b", 0, 10) == []

        store.read(look)
        assert bucket(store, "a").head == 2


def _refuse(unit):
    write_everything(unit)
    raise Refused


def run_aside(work: Any) -> None:
    run_together(1, lambda _: work())


def run_together(count: int, work: Any) -> None:
    """Run `work(n)` in threads and raise what the first of them raised."""
    failures: list[BaseException] = []

    def run(number: int) -> None:
        try:
            work(number)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
