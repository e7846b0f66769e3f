"""One transaction's way past SQLAlchemy to the database driver, for the statements that run all day."""

import sqlite3
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import Any, cast

import msgspec
import psycopg
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolExhausted
from sqlalchemy.pool import PoolProxiedConnection

from backend.storage.multirow import can_join, join_rows

Row = tuple[Any, ...]

OUTAGES_OF_SQLITE = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_READONLY,
}


class Clash(Exception):
    """Another transaction was first; this one is undone and runs again."""


CLASHES = (
    Clash,
    psycopg.errors.SerializationFailure,
    psycopg.errors.DeadlockDetected,
    psycopg.errors.UniqueViolation,
)


class Driver:
    """Runs prepared SQL texts with positional parameters on a pooled connection's own driver cursor."""

    def __init__(self, engine: Engine, pooled: PoolProxiedConnection) -> None:
        self._engine = engine
        self._pooled = pooled
        self._raw = cast(Any, pooled.driver_connection)
        self.is_sqlite = engine.dialect.name == "sqlite"
        self._cursor = self._raw.cursor() if self.is_sqlite else self._raw.cursor(binary=True)

    @classmethod
    def over(cls, connection: Connection) -> "Driver":
        """Return a driver for the transaction that SQLAlchemy has begun."""
        driver = cls(connection.engine, connection.connection)
        driver.connection = connection
        return driver

    @cached_property
    def connection(self) -> Connection:
        """The same transaction for whoever speaks SQLAlchemy; never close it."""
        return Connection(self._engine, self._pooled)

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Hold one consistent, read-only view; half the cost of beginning and ending it by SQLAlchemy."""
        if self.is_sqlite:
            self._cursor.execute("BEGIN")
            try:
                yield
            finally:
                self._raw.rollback()
                self.__dict__.pop("connection", None)  # SQLAlchemy has not seen the end of this transaction
            return
        usual = self._raw.isolation_level
        self._raw.isolation_level, self._raw.read_only = psycopg.IsolationLevel.REPEATABLE_READ, True
        try:
            yield
        finally:
            if not self._raw.closed:
                self._raw.rollback()
                self._raw.isolation_level, self._raw.read_only = usual, None

    @property
    def is_in_transaction(self) -> bool:
        """Say whether SQLite still has the transaction open; a full disk may have undone it."""
        return bool(self._raw.in_transaction)

    def ask(self, sql: str, *parameters: Any) -> list[Row]:
        """Return every row, in one round trip and with no transaction around it."""
        if self.is_sqlite:
            return self.all(sql, *parameters)
        self._raw.autocommit = True
        try:
            return cast(list[Row], self._cursor.execute(sql, parameters, prepare=True).fetchall())
        finally:
            if not self._raw.closed:
                self._raw.autocommit = False

    def all(self, sql: str, *parameters: Any) -> list[Row]:
        """Return every row."""
        return cast(list[Row], self._cursor.execute(sql, parameters).fetchall())

    def one(self, sql: str, *parameters: Any) -> Row | None:
        """Return the first row, if there is one."""
        rows = self.all(sql, *parameters)
        return rows[0] if rows else None

    def run(self, sql: str, *parameters: Any) -> int:
        """Return how many rows were touched."""
        return int(self._cursor.execute(sql, parameters).rowcount)

    def many(self, sql: str, rows: Sequence[Row]) -> int:
        """Run the statement for each row; return how many rows were touched in all."""
        if not rows:
            return 0
        if len(rows) == 1:
            return self.run(sql, *rows[0])
        if self.is_sqlite and can_join(sql):
            return sum(self.run(text, *parameters) for text, parameters in join_rows(sql, rows))
        self._cursor.executemany(sql, rows)
        return int(self._cursor.rowcount)

    def values(self, values: Collection[Any]) -> Any:
        """Return any number of values as the one parameter that `among` takes."""
        return msgspec.json.encode(list(values)).decode() if self.is_sqlite else list(values)

    def close(self) -> None:
        """Give the connection back to its pool."""
        self.give_back()
        self._pooled.close()

    def give_back(self) -> None:
        """Close the cursor, and keep a connection that died out of the pool; others may have died with it."""
        self._cursor.close()
        if not self.is_sqlite and self._raw.closed and self._pooled.is_valid:
            self._pooled.invalidate()
            self._engine.dispose()


def cause_of(error: BaseException) -> BaseException:
    """Return the driver's error if SQLAlchemy wrapped it."""
    return error.orig if isinstance(error, DBAPIError) and error.orig is not None else error


def is_clash(error: BaseException) -> bool:
    """Say whether running the transaction again may help."""
    cause = cause_of(error)
    if isinstance(cause, sqlite3.IntegrityError):
        return cause.sqlite_errorcode in (sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY)
    return isinstance(cause, CLASHES)


def is_outage(error: BaseException) -> bool:
    """Say whether the database could not take the work: locked, full, out of connections, or away."""
    cause = cause_of(error)
    if isinstance(cause, sqlite3.OperationalError):
        return cause.sqlite_errorcode & 0xFF in OUTAGES_OF_SQLITE
    return isinstance(cause, PoolExhausted | psycopg.OperationalError)


def outage_detail(error: BaseException) -> str:
    """Return what an operator needs to know, without data."""
    cause = cause_of(error)
    if isinstance(cause, psycopg.errors.DiskFull) or "disk is full" in str(cause):
        return "the disk is full"
    if "locked" in str(cause):
        return "another process holds the database"
    return "the database does not take work now"
