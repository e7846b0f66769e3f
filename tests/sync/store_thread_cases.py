"""What every store does for many at once."""

from sync.store import Install, Key, Write
from tests.sync.store_cases import bucket, check_bucket, create, rows, run_together, save, stored


class ThreadCases:
    """A subclass gives `store`, empty."""

    def test_threads_that_read_and_write_one_install_lose_no_step(self, store):
        store.write(lambda u: u.save_install(Install(install_id="i-1")))

        def step(unit):
            install = unit.find_install("i-1")
            unit.save_install(Install(install_id="i-1", ack_n=install.ack_n + 1))

        run_together(4, lambda _: [store.write(step) for _ in range(15)])
        assert store.read(lambda s: s.find_install("i-1")).ack_n == 60

    def test_threads_that_create_one_record_agree_who_was_first(self, store):
        key = Key("form", "f-1")

        def work(unit):
            before = unit.records([key]).get(key)
            version = before.version + 1 if before else 1
            unit.save_records([Write(before=before, after=stored("f-1", version, ("a",)))])

        run_together(4, lambda _: [store.write(work) for _ in range(5)])
        assert store.read(lambda s: s.records([key]))[key].version == 20
        assert bucket(store, "a").head == 20
        check_bucket(store, "a")

    def test_threads_that_write_many_buckets_keep_every_feed_whole(self, store):
        names = [f"b-{n}" for n in range(6)]

        def add(thread):
            for n in range(15):
                chosen = [names[(thread + n) % 6], names[(thread * n + 1) % 6]]
                save(store, create(stored(f"f-{thread}-{n}", 1, chosen)))

        run_together(4, add)
        for name in names:
            check_bucket(store, name)
            assert [row[0] for row in rows(store, name)] == list(range(1, bucket(store, name).head + 1))
        assert len({row[2] for name in names for row in rows(store, name)}) == 60
