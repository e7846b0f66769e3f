"""Migrations go up, down and up, and end where the code expects."""

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect, select

from backend.migrations import migrate, whole_metadata
from backend.storage.engine import make_engine, reading
from backend.storage.tables import epoch
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
