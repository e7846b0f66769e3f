"""A backup is whole or is not there; a restore is a new incarnation, or nothing."""

import sqlite3
import stat

import pytest
from sqlalchemy import func, select

from backend.migrations import migrate_connection
from backend.storage.archive import ArchiveReader, ArchiveWriter, BackupBroken, Header
from backend.storage.audit import verify_audit
from backend.storage.backup import DatabaseNotEmpty, backup, restore
from backend.storage.engine import make_engine
from backend.storage.sql_store import SqlStore
from backend.storage.tables import outbox
from sync.store import Outbound
from tests.sync.store_cases import (
    AT,
    LINE,
    check_bucket,
    create,
    everything,
    run_together,
    save,
    stored,
    write_everything,
)

TODAY_ELSEWHERE = ("3502", "A", "2026-11-21")


@pytest.fixture
def store(url):
    with SqlStore(make_engine(url)) as store:
        yield store


@pytest.fixture
def other_url(request, url, tmp_path):
    """Another database of the same sort, without a table."""
    return (
        f"sqlite:///{tmp_path}/other.db" if url.startswith("sqlite") else request.getfixturevalue("empty_postgres_url")
    )


@pytest.fixture
def path(tmp_path):
    return tmp_path / "padsync.backup"


def opened(url):
    return SqlStore(make_engine(url))


def test_everything_comes_back_under_a_new_epoch(store, url, other_url, path):
    store.write(write_everything)
    save(store, *(create(stored(f"g-{n}", 1, ("a",), body="中文\t\\N\n".encode() * n)) for n in range(300)))
    header = backup(url, path)
    epoch = restore(path, other_url, migrate_connection)
    with opened(other_url) as restored:
        assert everything(restored) == everything(store)
        assert restored.read(lambda s: s.rows("a", 0, 1_000)) == store.read(lambda s: s.rows("a", 0, 1_000))
        check_bucket(restored, "a")
        assert verify_audit(restored.engine).is_whole
        assert header.epoch == store.read(lambda s: s.epoch())
        assert restored.read(lambda s: (s.epoch(), s.past_epochs())) == (epoch, frozenset({header.epoch}))


def test_numbers_given_out_after_the_backup_do_not_come_out_again(store, url, path):
    store.write(lambda u: u.next_number(*LINE, 10))
    backup(url, path)
    lost = store.write(lambda u: u.next_number(*LINE, 10) + 9)
    lost_elsewhere = store.write(lambda u: u.next_number(*TODAY_ELSEWHERE, 10) + 9)
    store.close()
    restore(path, url, migrate_connection, is_overwriting=True, number_gap=50)
    with opened(url) as restored:
        assert restored.write(lambda u: u.next_number(*LINE, 1)) == 61 > lost
        assert restored.write(lambda u: u.next_number(*TODAY_ELSEWHERE, 1)) == 51 > lost_elsewhere
        assert restored.write(lambda u: u.next_number(*TODAY_ELSEWHERE, 1)) == 52
        assert restored.write(lambda u: u.next_number("3502", "A", "2999-01-01", 1)) == 1


def test_a_restored_database_takes_work(store, url, other_url, path):
    store.write(write_everything)
    backup(url, path)
    restore(path, other_url, migrate_connection)
    with opened(other_url) as restored:
        save(restored, create(stored("f-9")))
        restored.write(lambda u: u.send([Outbound(kind="form", id="f-9", version=1, at=AT)]))
        with restored.engine.connect() as connection:
            assert connection.scalar(select(func.count()).select_from(outbox)) == 2


def test_a_second_restore_keeps_every_past_epoch(store, url, other_url, path):
    first = backup(url, path).epoch
    second = restore(path, other_url, migrate_connection)
    backup(other_url, path)
    third = restore(path, other_url, migrate_connection, is_overwriting=True)
    with opened(other_url) as restored:
        assert restored.read(lambda s: (s.epoch(), s.past_epochs())) == (third, frozenset({first, second}))


def test_one_backup_restored_twice_repeats_neither_epochs_nor_numbers(store, url, path):
    store.write(lambda u: u.next_number(*LINE, 10))
    first = backup(url, path).epoch
    store.close()
    second = restore(path, url, migrate_connection, is_overwriting=True, number_gap=50)
    with opened(url) as restored:
        given = [restored.write(lambda u, line=line: u.next_number(*line, 30)) for line in (LINE, TODAY_ELSEWHERE)]
    third = restore(path, url, migrate_connection, is_overwriting=True, number_gap=50)
    with opened(url) as restored:
        assert restored.read(lambda s: (s.epoch(), s.past_epochs())) == (third, frozenset({first, second}))
        again = [restored.write(lambda u, line=line: u.next_number(*line, 1)) for line in (LINE, TODAY_ELSEWHERE)]
    assert (given, again) == ([61, 51], [91, 81])


def test_work_is_replaced_only_when_told(store, url, path):
    backup(url, path)
    store.write(write_everything)
    with pytest.raises(DatabaseNotEmpty, match="not empty"):
        restore(path, url, migrate_connection)
    assert everything(store)[0] is not None
    store.close()
    restore(path, url, migrate_connection, is_overwriting=True)
    with opened(url) as restored:
        assert everything(restored)[0] is None


def test_a_backup_made_under_load_is_one_moment(store, url, other_url, path):
    def work(number):
        if number:
            for n in range(60):
                save(store, create(stored(f"f-{number}-{n}", 1, ("a", "b"))))
        else:
            backup(url, path)

    run_together(3, work)
    restore(path, other_url, migrate_connection)
    with opened(other_url) as restored:
        check_bucket(restored, "a")
        assert restored.read(lambda s: s.buckets(["a"])["a"].head == s.buckets(["b"])["b"].head)


@pytest.mark.parametrize("at", [0, 30, 0.5, -40, -1])
def test_a_backup_with_one_bit_changed_is_refused_and_nothing_is_touched(store, url, path, at):
    store.write(write_everything)
    backup(url, path)
    data = bytearray(path.read_bytes())
    data[int(len(data) * at) if isinstance(at, float) else at] ^= 1
    path.write_bytes(data)
    with pytest.raises(BackupBroken):
        restore(path, url, migrate_connection, is_overwriting=True)
    assert everything(store)[0] is not None


@pytest.mark.parametrize("left", [0, 10, 200])
def test_a_backup_that_was_cut_is_refused(store, url, path, left):
    backup(url, path)
    path.write_bytes(path.read_bytes()[:left])
    with pytest.raises(BackupBroken):
        restore(path, url, migrate_connection, is_overwriting=True)


def test_a_backup_of_the_other_sort_of_database_is_refused(store, url, path):
    other = "postgresql" if url.startswith("sqlite") else "sqlite"
    with ArchiveWriter(path, Header(database=other, revision="x", epoch="e", made_at=AT)) as archive:
        archive.finish()
    with pytest.raises(BackupBroken, match=other):
        restore(path, url, migrate_connection, is_overwriting=True)


class Killed(BaseException):
    """The process ends here."""


def kill(*_):
    raise Killed


def test_a_killed_restore_leaves_the_database_as_it_was(store, url, path):
    save(store, *(create(stored(f"g-{n}", 1, ("a",), body=b"x" * 4_000)) for n in range(2_000)))
    backup(url, path)
    store.write(write_everything)
    before, epoch = everything(store), store.read(lambda s: s.epoch())
    store.close()
    with pytest.raises(Killed):
        restore(path, url, migrate_connection, is_overwriting=True, progress=kill)
    with opened(url) as again:
        assert (everything(again), again.read(lambda s: s.epoch())) == (before, epoch)


def test_a_killed_backup_leaves_no_file(store, url, path):
    save(store, create(stored("f-1")))
    with pytest.raises(Killed):
        backup(url, path, progress=kill)
    assert not path.exists()
    assert [file.name for file in path.parent.iterdir() if "backup" in file.name or "copy" in file.name] == []


def test_a_backup_can_be_read_by_its_owner_only(store, url, path):
    backup(url, path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_progress_is_told_to_the_end(store, url, other_url, path):
    told = []
    backup(url, path, progress=lambda done, of: told.append((done, of)))
    assert told[-1][0] == told[-1][1] > 0
    told.clear()
    restore(path, other_url, migrate_connection, progress=lambda done, of: told.append((done, of)))
    assert told[-1][0] == told[-1][1] > 0


def test_sections_come_back_as_they_were_written(path):
    chunks = [b"a" * 3_000_000, b"b", b"\0" * 70_000]
    header = Header(database="sqlite", revision="r", epoch="e", made_at=AT)
    with ArchiveWriter(path, header) as archive:
        assert archive.section({"table": "x"}, chunks) == sum(map(len, chunks))
        archive.section({"table": "empty"}, [])
        archive.finish()
    reader = ArchiveReader(path)
    assert reader.header == header
    assert [(title, b"".join(data)) for title, data in reader.sections()] == [
        ({"table": "x"}, b"".join(chunks)),
        ({"table": "empty"}, b""),
    ]


def test_a_database_that_somebody_writes_to_is_not_torn(sqlite_url, path, tmp_path):
    with opened(sqlite_url) as store:
        store.write(write_everything)
        backup(sqlite_url, path)
        with sqlite3.connect(tmp_path / "padsync.db") as reader:
            reader.execute("BEGIN")
            assert reader.execute("SELECT count(*) FROM record").fetchone() == (1,)
            restore(path, sqlite_url, migrate_connection, is_overwriting=True)
            assert reader.execute("SELECT count(*) FROM epoch").fetchone() == (1,)  # still its own snapshot
        reader.close()
        assert store.read(lambda s: len(s.past_epochs())) == 1
