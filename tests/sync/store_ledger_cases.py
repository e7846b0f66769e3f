"""What every store keeps beside records: outcomes, evidence, numbers, leases, purges, and what compaction may take."""

from sync.settled import gather
from sync.store import (
    NumberKey,
    PurgeRow,
    Remembered,
    Write,
)
from tests.sync.store_cases import (
    AT,
    LINE,
    bucket,
    check_bucket,
    create,
    lease,
    rows,
    save,
    stored,
    write_everything,
)


class LedgerCases:
    """A subclass gives `store`, empty."""

    def test_a_remembered_outcome_comes_back_unchanged(self, store):
        settled = [
            Remembered(install_id="i-1", n=n, digest=f"d{n}", outcome=b'{"n":%d}' % n, kind="form", id="f")
            for n in (1, 2, 3)
        ]
        store.write(lambda u: u.remember(gather(settled)))
        assert store.read(lambda s: s.remembered("i-1", [3, 1, 9])) == {1: settled[0], 3: settled[2]}
        assert store.read(lambda s: s.remembered("i-2", [1])) == {}

    def test_evidence_is_known_by_its_hash_and_install(self, store):
        store.write(write_everything)
        known = store.read(lambda s: [s.evidence_among(*key) for key in (("i-1", ["x", "h"]), ("i-2", ["h"]))])
        assert known == [{"h"}, set()]

    def test_number_blocks_follow_one_another_in_each_line(self, store):
        take = lambda *line: store.write(lambda u: u.next_number(*line))  # noqa: E731  # shortest here
        assert [take(*LINE, 10), take(*LINE, 5), take(*LINE, 1)] == [1, 11, 16]
        assert [take("3501", "B", LINE[2], 3), take("3501", "A", "2026-11-22", 3)] == [1, 1]

    def test_a_raised_line_gives_out_no_number_below(self, store):
        store.write(lambda u: u.raise_number(*LINE, 40))
        assert store.write(lambda u: u.next_number(*LINE, 2)) == 41
        store.write(lambda u: u.raise_number(*LINE, 7))
        assert store.write(lambda u: u.next_number(*LINE, 1)) == 43

    def test_a_number_remembers_all_its_users_the_first_first(self, store):
        one, two, three = (NumberKey(*LINE, "", n) for n in (1, 2, 3))
        overflow = NumberKey(*LINE, "B", 1)
        store.write(lambda u: u.take_numbers({one: "t-1", overflow: "t-2"}))
        store.write(lambda u: u.take_numbers({one: "t-9", two: "t-3"}))
        taken = store.write(lambda u: u.taken([one, two, three, overflow]))
        assert taken == {one: "t-1", two: "t-3", overflow: "t-2"}
        used = {one: ("t-1", "t-9"), two: ("t-3",), overflow: ("t-2",)}
        assert store.read(lambda s: s.numbers("3501", "2026-11-21")) == used
        store.write(lambda u: u.take_numbers({one: "t-9", two: "t-3"}))
        assert store.read(lambda s: s.numbers("3501", "2026-11-21")) == used
        assert store.read(lambda s: s.numbers("3501", "2026-11-22")) == {}

    def test_a_lease_is_found_by_id_request_install_and_day(self, store):
        first, second = lease("l-1", lo=11, hi=20), lease("l-2")
        other = lease("l-3", install_id="i-2", series="B")
        later = lease("l-4", date="2026-11-22")
        for one in (first, second, other, later):
            store.write(lambda u, one=one: u.save_lease(one))
        returned = lease("l-2", state="returned", unused=(4, 5))
        store.write(lambda u: u.save_lease(returned))
        assert store.read(lambda s: s.find_lease("l-2")) == returned
        assert store.read(lambda s: s.find_lease("l-9")) is None
        assert store.read(lambda s: s.leases("3501", "2026-11-21")) == [returned, first, other]
        assert store.write(lambda u: u.leases("3501", "2026-11-21")) == [returned, first, other]
        assert store.write(lambda u: u.find_lease_by_request("i-2", "r-l-3")) == other
        assert store.write(lambda u: u.find_lease_by_request("i-1", "r-l-3")) is None
        assert {one.lease_id for one in store.write(lambda u: u.open_leases("i-1"))} == {"l-1", "l-4"}

    def test_purge_orders_come_back_with_their_receipts(self, store):
        order = PurgeRow(
            purge="p-1", install_id="i-1", buckets=("a", "b"), cause="moved", ordered_at=AT, deadline=AT + "9"
        )
        done = PurgeRow(purge="p-2", install_id="i-1", buckets=(), cause="x", ordered_at=AT, deadline=AT, receipt=b"{}")
        store.write(lambda u: (u.save_purge(order), u.save_purge(done)))
        assert store.read(lambda s: s.purges("i-1")) == [order, done]
        assert store.write(lambda u: u.purges("i-2")) == []

    def test_what_an_install_received_is_replaced_as_a_whole(self, store):
        store.write(lambda u: u.note_received("i-1", {"a": 1, "b": 2}, AT))
        store.write(lambda u: u.note_received("i-2", {"a": 9, "b": 1}, "2026-11-01"))
        store.write(lambda u: u.note_received("i-1", {"b": 3, "c": 4}, AT))
        assert store.read(lambda s: s.received("i-1")) == {"b": 3, "c": 4}
        assert store.read(lambda s: s.received("i-2")) == {"a": 9, "b": 1}

    def test_the_cursors_in_a_bucket_are_those_of_installs_seen_since(self, store):
        store.write(lambda u: u.note_received("i-1", {"a": 5, "b": 2}, "2026-11-21T10:00:00.000Z"))
        store.write(lambda u: u.note_received("i-2", {"a": 9}, "2026-11-20T10:00:00.000Z"))
        cursors = lambda since: sorted(store.read(lambda s: s.cursors("a", since)))  # noqa: E731  # shortest here
        assert cursors("2026-11-20T10:00:00.000Z") == [5, 9]
        assert cursors("2026-11-20T10:00:00.001Z") == [5]
        assert cursors("2026-12-01") == []

    def test_the_newest_row_before_a_moment_is_found(self, store):
        for day in (1, 2, 3):
            save(store, create(stored(f"f-{day}", 1, ("a",), changed_at=f"2026-11-0{day}")))
        found = [store.read(lambda s, day=day: s.newest_before("a", f"2026-11-0{day}")) for day in (1, 2, 3, 4)]
        assert found == [0, 1, 2, 3]
        assert store.read(lambda s: s.newest_before("b", "2027")) == 0

    def test_buckets_are_named_in_order(self, store):
        save(store, create(stored("f-1", 1, ("b", "C", "a:2", "a"))))
        assert store.read(lambda s: s.bucket_names()) == ["C", "a", "a:2", "b"]

    def test_compaction_takes_what_left_up_to_the_floor_and_nothing_else(self, store):
        records = [stored(f"f-{n}", 1, ("a",)) for n in range(1, 6)]
        save(store, *map(create, records))
        for record in records[:3]:
            save(store, Write(before=record, after=stored(record.id, 2, ("b",))))
        assert store.write(lambda u: u.drop_rows("a", 7)) == 2
        assert [(row[0], row[3]) for row in rows(store, "a")] == [(4, None), (5, None), (8, "moved")]
        assert bucket(store, "a").floor == 7
        assert store.write(lambda u: u.drop_rows("a", 3)) == 0
        assert bucket(store, "a").floor == 7
        check_bucket(store, "a")
