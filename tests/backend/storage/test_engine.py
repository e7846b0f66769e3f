"""What a database URL becomes."""

import sqlite3

import pytest
from sqlalchemy import text

from backend.storage.engine import UnusableUrl, make_engine, read_url, reading
from backend.storage.sql_store import SqlStore
from tests.sync.store_cases import create, save, stored


@pytest.mark.parametrize("url", ["postgresql://u:p@h/d", "postgresql+psycopg://u:p@h/d"])
def test_postgres_is_spoken_to_by_psycopg(url):
    assert read_url(url).render_as_string(hide_password=False) == "postgresql+psycopg://u:p@h/d"


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "mysql://h/d"])
def test_a_database_that_cannot_be_shared_or_is_unknown_is_refused(url):
    with pytest.raises(UnusableUrl):
        make_engine(url)


def test_sqlite_keeps_what_it_committed(sqlite_url):
    engine = make_engine(sqlite_url)
    with engine.connect() as connection:
        names = ("journal_mode", "synchronous", "foreign_keys")
        assert [connection.scalar(text(f"PRAGMA {name}")) for name in names] == ["wal", 2, 1]
    engine.dispose()


def test_a_sqlite_transaction_takes_its_lock_at_once_and_a_look_takes_none(sqlite_url, tmp_path):
    engine = make_engine(sqlite_url)
    with sqlite3.connect(tmp_path / "padsync.db", timeout=0) as other:
        with reading(engine).connect() as connection:
            connection.execute(text("SELECT * FROM epoch"))
            other.execute("BEGIN IMMEDIATE")
            other.rollback()
        with engine.connect() as connection:
            connection.execute(text("SELECT * FROM epoch"))
            with pytest.raises(sqlite3.OperationalError, match="locked"):
                other.execute("BEGIN IMMEDIATE")
    other.close()
    engine.dispose()


def test_a_snapshot_and_a_unit_can_be_asked_with_sqlalchemy_too(url):
    with SqlStore(make_engine(url)) as store:
        count = text("SELECT count(*) FROM record")

        def look(snapshot):
            before = snapshot.connection.scalar(count)
            save(store, create(stored("f-1")))
            return before, snapshot.connection.scalar(count)

        def work(unit):
            unit.save_records([create(stored("f-2"))])
            return unit.connection.scalar(count)

        assert store.read(look) == (0, 0)
        assert store.write(work) == 2
        for _ in range(40):  # more than there are connections: each was given back fit for use
            assert store.read(lambda snapshot: snapshot.connection.scalar(count)) == 2
        with store.engine.begin() as connection:
            connection.execute(text("DELETE FROM record"))
