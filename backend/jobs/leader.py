"""One leader among the processes on one database; its lock ends with its process, however that ends."""

import fcntl
import os
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import SQLAlchemyError

LOCK_NUMBER = 0x9AD5_0001  # of the advisory lock; any number that nobody else uses


class Leadership(Protocol):
    """Something that at most one process holds."""

    def hold(self) -> bool:
        """Return whether this process leads; one that does not tries to."""
        ...

    def give_up(self) -> None:
        """Let another process lead."""
        ...


class FileLeadership:
    """A lock on a file, for processes on one machine beside one SQLite database."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._handle: int | None = None

    def hold(self) -> bool:
        """Return whether this process has the lock."""
        if self._handle is not None:
            return True
        handle = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(handle)
            return False
        self._handle = handle
        return True

    def give_up(self) -> None:
        """Let go of the lock."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None


class DatabaseLeadership:
    """An advisory lock on a connection of its own; PostgreSQL lets go of it when the connection ends."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._connection: Connection | None = None

    def hold(self) -> bool:
        """Return whether this process has the lock, asking the connection that holds it."""
        try:
            return self._is_ours()
        except SQLAlchemyError:
            self.give_up()
            return False

    def give_up(self) -> None:
        """Let go of the lock and end the connection; one that has died has let go of it already."""
        if self._connection is not None:
            with suppress(SQLAlchemyError):
                self._connection.execute(text("SELECT pg_advisory_unlock(:number)"), {"number": LOCK_NUMBER})
            self._connection.invalidate()
            self._connection.close()
            self._connection = None

    def _is_ours(self) -> bool:
        if self._connection is not None:
            self._connection.execute(text("SELECT 1"))
            return True
        connection = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        if not connection.scalar(text("SELECT pg_try_advisory_lock(:number)"), {"number": LOCK_NUMBER}):
            connection.close()
            return False
        self._connection = connection
        return True


def leadership_for(engine: Engine, data_dir: Path) -> Leadership:
    """Return the lock that fits the database."""
    if engine.dialect.name == "sqlite":
        return FileLeadership(data_dir / "jobs.lock")
    return DatabaseLeadership(engine)
