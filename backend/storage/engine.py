"""Engines from a database URL, and how transactions begin on each database."""

import sqlite3
from typing import Any, cast

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url

BUSY_TIMEOUT_MS = 5_000
POOL_SIZE = 16
CHECKOUT_TIMEOUT_S = 10
STATEMENTS_MAX = 512  # kept prepared by a SQLite connection: an INSERT has a text for each number of rows
# The checkpoint thread keeps the log short; this is what stands if it dies. Pages of 4 KiB.
WAL_PAGES_MAX = 20_000
READ_ONLY = "padsync_read_only"

SQLITE_PRAGMAS = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA foreign_keys=ON",
    "PRAGMA temp_store=MEMORY",
    "PRAGMA cache_size=-16384",  # of each connection; the system caches the file once for all
    f"PRAGMA wal_autocheckpoint={WAL_PAGES_MAX}",
)


class UnusableUrl(ValueError):
    """The database URL names neither a SQLite file nor a PostgreSQL database."""


def read_url(url: str) -> URL:
    """Return the URL with the driver that this project uses. Raises UnusableUrl."""
    parsed = make_url(url)
    backend = parsed.get_backend_name()
    if backend == "postgresql":
        return parsed.set(drivername="postgresql+psycopg")
    if backend != "sqlite":
        raise UnusableUrl(f"{backend} is not supported; use sqlite:///FILE or postgresql://…")
    if not parsed.database or parsed.database == ":memory:":
        raise UnusableUrl("SQLite needs a file: sqlite:///FILE")
    return parsed.set(drivername="sqlite+pysqlite")


def make_engine(
    url: str,
    *,
    pool_size: int = POOL_SIZE,
    busy_timeout_ms: int = BUSY_TIMEOUT_MS,
    checkout_timeout_s: float = CHECKOUT_TIMEOUT_S,
) -> Engine:
    """Return an engine whose transactions are safe by default.

    On SQLite every transaction begins IMMEDIATE unless it comes from `reading(engine)`; on PostgreSQL it is
    READ COMMITTED. Raises UnusableUrl.
    """
    parsed = read_url(url)
    limits: dict[str, Any] = {"pool_size": pool_size, "max_overflow": 0, "pool_timeout": checkout_timeout_s}
    if parsed.get_backend_name() == "postgresql":
        return create_engine(parsed, isolation_level="READ COMMITTED", **limits)
    arguments = {
        "timeout": busy_timeout_ms / 1000, "check_same_thread": False, "cached_statements": STATEMENTS_MAX
    }  # fmt: skip
    engine = create_engine(parsed, connect_args=arguments, **limits)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def reading(engine: Engine) -> Engine:
    """Return the same engine for looks only: one consistent snapshot per transaction, no lock on SQLite."""
    if engine.dialect.name == "sqlite":
        return engine.execution_options(**{READ_ONLY: True})
    return engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)


def _prepare_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # we begin and end transactions; the driver would begin them too late
    for pragma in SQLITE_PRAGMAS:
        connection.execute(pragma).close()


def _begin_sqlite(connection: Connection) -> None:
    if cast(Any, connection.connection.driver_connection).in_transaction:
        return  # begun past SQLAlchemy, see driver.py
    is_read_only = connection.get_execution_options().get(READ_ONLY, False)
    connection.exec_driver_sql("BEGIN" if is_read_only else "BEGIN IMMEDIATE")
