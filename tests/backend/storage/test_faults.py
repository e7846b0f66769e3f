"""What goes wrong below a store leaves nothing half-done, and the store goes on when it is over."""

import sqlite3
import threading
from concurrent.futures import Future

import pytest
from sqlalchemy import event, text

from backend.domain.tickets.models import TICKET_PROJECTION
from backend.storage.committers import GroupCommitter
from backend.storage.driver import Clash
from backend.storage.engine import make_engine
from backend.storage.sql_store import SqlStore
from contracts.errors import ErrorCode
from sync.errors import Busy
from sync.store import Install, Write
from tests.backend.storage.test_projections import TICKET, make
from tests.sync.store_cases import (
    Refused,
    bucket,
    check_bucket,
    create,
    everything,
    run_together,
    save,
    stored,
    write_everything,
)

# Everything that a unit of work writes to, in the order in which it first does.
WRITTEN = (
    "install", "settled", "evidence", "record", "number_line", "lease", "number_use", "purge", "received", "outbox",
    "ticket", "bucket", "membership", "audit_stream", "audit_entry",
)  # fmt: skip

SQLITE_TRAP = "CREATE TRIGGER trap {when} ON {table} BEGIN SELECT RAISE(FAIL, 'trap'); END"
POSTGRES_TRAPS = (
    "CREATE FUNCTION trap() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'trap'; END $$",
    "CREATE TRIGGER trap {when} ON {table} FOR EACH ROW EXECUTE FUNCTION trap()",
)


@pytest.fixture
def store(url):
    with SqlStore(make_engine(url), {"ticket": TICKET_PROJECTION}) as store:
        yield store


def set_trap(store, table, when):
    traps = (SQLITE_TRAP,) if store.engine.dialect.name == "sqlite" else POSTGRES_TRAPS
    with store.engine.begin() as connection:
        for trap in traps:
            connection.execute(text(trap.format(table=table, when=when)))


def drop_trap(store, table):
    on_table = "" if store.engine.dialect.name == "sqlite" else f"ON {table}"
    with store.engine.begin() as connection:
        connection.execute(text(f"DROP TRIGGER trap {on_table}"))


def counts(store):
    with store.engine.connect() as connection:
        return {table: connection.scalar(text(f"SELECT count(*) FROM {table}")) for table in WRITTEN}  # noqa: S608  # constants


def write_all(unit):
    write_everything(unit)
    unit.save_records([create(make("ticket", TICKET))])


@pytest.mark.parametrize(
    ("table", "when"), [*((table, "BEFORE INSERT") for table in WRITTEN), (WRITTEN[-1], "AFTER INSERT")]
)
def test_a_unit_that_breaks_at_any_write_leaves_nothing(store, table, when):
    set_trap(store, table, when)
    before = everything(store)
    with pytest.raises(Exception, match="trap"):
        store.write(write_all)
    assert everything(store) == before
    assert set(counts(store).values()) == {0}
    drop_trap(store, table)
    store.write(write_all)
    assert 0 not in counts(store).values()


def test_a_unit_that_breaks_does_not_take_others_of_its_group_with_it(store):
    set_trap(store, "audit_entry", "BEFORE INSERT")
    failures = []

    def work(number):
        for n in range(10):
            if number % 2:
                save(store, create(stored(f"f-{number}-{n}", 1, ("a",))))
            else:
                try:
                    store.write(write_all)
                except Exception as error:
                    failures.append(error)

    run_together(4, work)
    assert len(failures) == 20
    assert (bucket(store, "a").n, bucket(store, "branch:1").n) == (20, 0)
    check_bucket(store, "a")


def test_a_record_that_changed_unseen_is_not_overwritten(store):
    first = stored("f-1", 1)
    save(store, create(first))
    save(store, Write(before=first, after=stored("f-1", 2)))
    with pytest.raises(Busy):
        save(store, Write(before=first, after=stored("f-1", 2, body=b"late")))
    with pytest.raises(Busy):
        save(store, create(first))
    assert store.read(lambda s: s.records([first.key]))[first.key].body == b'{"v":2}'


def test_a_clash_is_tried_again_and_in_the_end_refused(store):
    tries: list[int] = []

    def clash_twice(unit):
        unit.save_install(Install(install_id="i-1", ack_n=len(tries)))
        tries.append(1)
        if len(tries) < 3:
            raise Clash
        return "done"

    def always_clash(unit):
        tries.append(1)
        raise Clash

    assert store.write(clash_twice) == "done"
    assert store.read(lambda s: s.find_install("i-1").ack_n) == 2
    tries.clear()
    with pytest.raises(Busy) as caught:
        store.write(always_clash)
    assert caught.value.code is ErrorCode.UNAVAILABLE
    assert 3 <= len(tries) <= 20


def test_two_units_that_lock_each_other_s_records_both_come_through(postgres_url):
    with SqlStore(make_engine(postgres_url)) as store:
        one, two = stored("f-1"), stored("f-2")
        save(store, create(one), create(two))
        meeting = threading.Barrier(2, timeout=10)
        runs = []

        def swap(number):
            keys = [one.key, two.key] if number else [two.key, one.key]

            def work(unit):
                runs.append(number)
                found = unit.records(keys[:1])
                if len(runs) <= 2:
                    meeting.wait()
                found |= unit.records(keys[1:])
                unit.save_records([Write(before=r, after=stored(r.id, r.version + 1)) for r in found.values()])

            store.write(work)

        run_together(2, swap)
        assert len(runs) > 2  # or there was no deadlock, and this test shows nothing
        assert {record.version for record in store.read(lambda s: s.records([one.key, two.key])).values()} == {3}


def test_a_lost_connection_is_busy_and_the_next_try_finds_a_new_one(postgres_url):
    with SqlStore(make_engine(postgres_url)) as store:
        save(store, create(stored("f-1")))

        def cut(snapshot):
            with store.engine.connect() as other:
                everybody = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
                other.execute(text(f"{everybody} AND pid <> pg_backend_pid()"))
            return snapshot.buckets(["a"])

        def cut_late(unit):
            unit.save_records([create(stored("f-2"))])
            cut(unit)

        with pytest.raises(Busy, match="does not take work"):
            store.read(cut)
        with pytest.raises(Busy):
            store.write(cut_late)
        save(store, create(stored("f-3")))
        assert [row.id for row in store.read(lambda s: s.rows("branch:1", 0, 9))] == ["f-1", "f-3"]


def test_too_many_at_once_are_busy_not_stuck(postgres_url):
    engine = make_engine(postgres_url, pool_size=1, checkout_timeout_s=0.2)
    with SqlStore(engine) as store, engine.connect(), pytest.raises(Busy):
        store.write(write_everything)


def limit_pages(store, pages):
    """Let the database file grow no further, as on a full disk; every connection is told."""

    def tell(connection, *_):
        connection.execute(f"PRAGMA max_page_count={pages}").close()

    event.listen(store.engine, "checkout", tell)
    return lambda: event.remove(store.engine, "checkout", tell)


def test_a_full_disk_is_busy_and_loses_nothing_that_was_accepted(sqlite_url):
    with SqlStore(make_engine(sqlite_url)) as store:
        save(store, create(stored("f-0", 1, ("a",))))
        accepted, refused = [], []

        def fill(number):
            for n in range(20):
                id = f"f-{number}-{n}"
                try:
                    save(store, create(stored(id, 1, ("a",), body=b"x" * 9_000)))
                    accepted.append(id)
                except Busy as busy:
                    refused.append(str(busy))

        pages = store.read(lambda look: look.connection.exec_driver_sql("PRAGMA page_count").scalar_one())
        stop = limit_pages(store, pages + 80)
        run_together(3, fill)
        assert len(accepted) > 0
        assert set(refused) == {"the disk is full"}
        check_bucket(store, "a")
        assert {row.id for row in store.read(lambda s: s.rows("a", 0, 999))} == {"f-0", *accepted}
        stop()
        limit_pages(store, 1_000_000)
        save(store, create(stored("f-9", 1, ("a",), body=b"x" * 90_000)))
        check_bucket(store, "a")


def test_a_database_that_another_process_holds_is_busy(sqlite_url, tmp_path):
    with SqlStore(make_engine(sqlite_url, busy_timeout_ms=100)) as store:
        with sqlite3.connect(tmp_path / "padsync.db") as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(Busy, match="another process"):
                store.write(write_everything)
            other.rollback()
        other.close()
        store.write(write_everything)


def hold(committer):
    """Keep the writer busy until the returned event is set."""
    is_held, release = threading.Event(), threading.Event()

    def attempt(_driver):
        is_held.set()
        release.wait(10)

    thread = threading.Thread(target=committer.run, args=(attempt,))
    thread.start()
    is_held.wait(10)
    return release, thread


@pytest.fixture
def engine(sqlite_url):
    engine = make_engine(sqlite_url)
    yield engine
    engine.dispose()


def test_waiting_writers_are_bounded(engine):
    committer = GroupCommitter(engine, waiting_max=1)
    release, thread = hold(committer)
    waiting = threading.Thread(target=committer.run, args=(lambda _driver: None,))
    waiting.start()
    while committer.waiting < 1:
        pass
    with pytest.raises(Busy, match="too many"):
        committer.run(lambda _driver: None)
    release.set()
    thread.join()
    waiting.join()
    committer.close()


def test_units_that_wait_together_are_committed_together(engine):
    commits: list[object] = []
    event.listen(engine, "commit", commits.append)
    committer = GroupCommitter(engine)
    release, thread = hold(committer)
    threads = [threading.Thread(target=committer.run, args=(lambda _driver: None,)) for _ in range(10)]
    for one in threads:
        one.start()
    while committer.waiting < 10:
        pass
    release.set()
    for one in (thread, *threads):
        one.join()
    assert len(commits) < 11
    committer.close()


def test_closing_commits_what_waits_and_refuses_what_comes_later(sqlite_url):
    store = SqlStore(make_engine(sqlite_url))
    store.write(write_everything)
    store.close()
    with pytest.raises(Busy, match="stopping"):
        store.write(write_everything)
    with SqlStore(make_engine(sqlite_url)) as again:
        assert everything(again)[0] is not None


def test_a_closed_sqlite_file_is_whole_by_itself(sqlite_url, tmp_path):
    with SqlStore(make_engine(sqlite_url)) as store:
        store.write(write_everything)
    assert not (tmp_path / "padsync.db-wal").exists() or (tmp_path / "padsync.db-wal").stat().st_size == 0


def test_a_commit_that_fails_fails_every_unit_of_its_group(engine):
    def refuse(_connection):
        raise Refused

    event.listen(engine, "commit", refuse)
    committer = GroupCommitter(engine)
    failures = []

    def put(number):
        try:
            committer.run(lambda driver: driver.run("INSERT INTO server_secret VALUES (?, ?)", f"s-{number}", b""))
        except Refused as error:
            failures.append(error)

    run_together(5, put)
    event.remove(engine, "commit", refuse)
    assert len(failures) == 5
    put(9)
    committer.close()
    with engine.connect() as connection:
        assert connection.scalars(text("SELECT name FROM server_secret")).all() == ["s-9"]


def test_a_unit_that_fails_costs_those_it_waited_with_nothing(engine):
    committer = GroupCommitter(engine)
    release, thread = hold(committer)
    answers: list[Future[str]] = [Future() for _ in range(3)]
    runs = []

    def put(name, refuses):
        def attempt(driver):
            runs.append(name)
            driver.run("INSERT INTO server_secret VALUES (?, ?)", name, b"")
            if refuses:
                raise Refused
            return name

        return attempt

    for name, answer in zip(("s-1", "s-2", "s-3"), answers, strict=True):
        committer.submit(put(name, refuses=name == "s-2"), answer)
    release.set()
    thread.join()
    assert (answers[0].result(10), answers[2].result(10)) == ("s-1", "s-3")
    with pytest.raises(Refused):
        answers[1].result(10)
    committer.close()
    with engine.connect() as connection:
        assert connection.scalars(text("SELECT name FROM server_secret ORDER BY name")).all() == ["s-1", "s-3"]
    assert runs == ["s-1", "s-2", "s-1", "s-2", "s-3"]  # together first, then each apart


def test_a_unit_that_fails_alone_is_not_run_again(engine):
    committer = GroupCommitter(engine)
    runs = []

    def refuse(_driver):
        runs.append(1)
        raise Refused

    with pytest.raises(Refused):
        committer.run(refuse)
    committer.close()
    assert runs == [1]
