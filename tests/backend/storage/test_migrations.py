"""Migrations go up, down and up, and end where the code expects."""

from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import inspect, select, text

from backend import migrations
from backend.migrations import migrate, whole_metadata
from backend.storage.engine import make_engine, reading
from backend.storage.sql_store import SqlStore
from backend.storage.tables import epoch
from sync.store import Remembered
from tests.sync.store_cases import run_together


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request, tmp_path):
    """The URL of a database without a table, of each sort."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/new.db"
    return request.getfixturevalue("empty_postgres_url")


def look(url, question):
    engine = make_engine(url)
    try:
        with reading(engine).connect() as connection:
            return question(connection)
    finally:
        engine.dispose()


def tables(url):
    return set(look(url, lambda connection: inspect(connection).get_table_names()))


def test_a_database_goes_up_down_and_up_again(empty_url):
    migrate(empty_url)
    expected = {*whole_metadata().tables, "alembic_version"}
    assert tables(empty_url) == expected
    migrate(empty_url, "base")
    assert tables(empty_url) == {"alembic_version"}
    migrate(empty_url)
    assert tables(empty_url) == expected


def test_the_migrated_schema_is_the_one_that_the_code_declares(empty_url):
    migrate(empty_url)
    differences = look(
        empty_url, lambda connection: compare_metadata(MigrationContext.configure(connection), whole_metadata())
    )
    assert differences == []


def test_a_schema_that_differs_is_noticed(empty_url):
    migrate(empty_url, "0001_sync")
    differences = look(
        empty_url, lambda connection: compare_metadata(MigrationContext.configure(connection), whole_metadata())
    )
    assert differences != []


def test_a_new_database_is_born_with_one_epoch_and_keeps_it(empty_url):
    migrate(empty_url)
    first = look(empty_url, lambda connection: connection.scalars(select(epoch.c.epoch)).all())
    migrate(empty_url)
    assert len(first) == 1
    assert look(empty_url, lambda connection: connection.scalars(select(epoch.c.epoch)).all()) == first


def test_processes_that_migrate_at_once_do_it_once(empty_url):
    run_together(4, lambda _: migrate(empty_url))
    assert len(look(empty_url, lambda connection: connection.scalars(select(epoch.c.epoch)).all())) == 1


def plain(n):
    return b'{"n":%d,"status":"applied","version":1}' % n


def mutations(url):
    rows = look(url, lambda connection: connection.execute(text("SELECT * FROM mutation ORDER BY install_id, n")).all())
    return [(install_id, n, digest, bytes(outcome), kind, id) for install_id, n, digest, outcome, kind, id in rows]


def test_remembered_outcomes_survive_the_way_up_and_down(empty_url):
    migrate(empty_url, "0004_crm")
    parked = b'{"n":3,"status":"parked","problem":{"code":"quota","args":{}}}'
    kept = [("i-1", n, f"d{n}", plain(n), "form", f"f-{n}") for n in (1, 2)]
    kept += [("i-1", 3, "d3", parked, "", "")]
    kept += [("i-2", n, f"e{n}", plain(n), "visit", f"v-{n}") for n in (*range(1, 130), 200)]
    engine = make_engine(empty_url)
    insert = "INSERT INTO mutation (install_id, n, digest, outcome, kind, id) VALUES (:i, :n, :d, :o, :k, :id)"
    with engine.begin() as connection:
        connection.execute(text(insert), [dict(zip(("i", "n", "d", "o", "k", "id"), row, strict=True)) for row in kept])
        connection.execute(
            text("INSERT INTO evidence VALUES ('i-2', 1, 'h1', '', 'visit', 'v-1', :body, 'sealed', 'then')"),
            {"body": b"{}"},
        )
    engine.dispose()
    migrate(empty_url)
    with SqlStore(make_engine(empty_url)) as store:
        found = store.read(lambda s: (s.remembered("i-1", range(9)), s.remembered("i-2", [129, 130, 200, 7])))
        assert store.read(lambda s: s.evidence_among("i-2", ["h1", "h2"])) == {"h1"}
    as_told = {
        (row[0], row[1]): Remembered(install_id=row[0], n=row[1], digest=row[2], outcome=row[3], kind=row[4], id=row[5])
        for row in kept
    }
    assert found[0] == {n: as_told["i-1", n] for n in (1, 2, 3)}
    assert found[1] == {n: as_told["i-2", n] for n in (7, 129, 200)}
    migrate_down(empty_url, "0004_crm")
    assert mutations(empty_url) == kept
    evidence = look(empty_url, lambda connection: connection.execute(text("SELECT * FROM evidence")).one())
    assert (*evidence[:6], bytes(evidence[6]), *evidence[7:]) == (
        "i-2", 1, "h1", "", "visit", "v-1", b"{}", "sealed", "then"
    )  # fmt: skip
    migrate(empty_url)


def migrate_down(url, revision):
    engine = make_engine(url)
    with engine.begin() as connection:
        config = Config()
        config.set_main_option("script_location", str(Path(migrations.__file__).parent))
        config.set_main_option("path_separator", "os")
        config.attributes["connection"] = connection
        command.downgrade(config, revision)
    engine.dispose()
