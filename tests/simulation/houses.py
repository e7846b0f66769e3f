"""Where the simulated server keeps things: the memory store or a SQLite file; both crash between any two writes."""

import shutil
import sqlite3
import tempfile
from collections.abc import Callable
from contextlib import closing
from functools import cache
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import event

from backend.migrations import migrate
from backend.storage import rows
from backend.storage.backup import start_epoch
from backend.storage.engine import make_engine
from backend.storage.sql_store import SqlStore
from sync.memory import MemoryStore, Tables
from sync.store import Evidence, Key, Membership, NumberKey, Outbound, Store
from sync.tablet.errors import LineFailed

OnCommit = Callable[[frozenset[str]], None]


class ServerCrashed(LineFailed):
    """The server's process died; the tablet sees a line without an answer."""


class Steps:
    """Counts the server's writes and crashes it before the one that was chosen."""

    def __init__(self) -> None:
        self._left: int | None = None
        self._at = ""
        self.is_down = False
        self.crashed_at = ""

    def arm(self, left: int | None) -> None:
        """Crash after `left` more writes; None calls it off."""
        self._left, self._at = left, ""

    def arm_at(self, name: str) -> None:
        """Crash at the next step of this name."""
        self._left, self._at = 0, name

    def take(self, name: str) -> None:
        """Note that a write is about to happen. Raises ServerCrashed."""
        if self._left is not None and self._at in ("", name):
            self._left -= 1
            if self._left < 0:
                self._left, self.is_down, self.crashed_at = None, True, name
        if self.is_down:
            raise ServerCrashed(name)


class House(Protocol):
    """What the simulator needs of a store beside the store itself."""

    @property
    def store(self) -> Store: ...
    def reopen(self) -> None:
        """Begin a new process on what was committed."""
        ...

    def backup(self) -> Any: ...
    def restore(self, backup: Any, epoch: str, number_gap: int) -> None: ...
    def tables(self) -> Tables:
        """Return everything that is committed, to look at only."""
        ...

    def close(self) -> None: ...


class MemoryHouse:
    """The executable specification as a house."""

    def __init__(self, steps: Steps, on_commit: OnCommit, epoch: str) -> None:
        self.store = MemoryStore(epoch=epoch, on_commit=on_commit)
        self.store.on_step = steps.take

    def reopen(self) -> None:
        """Nothing: what was committed is what the store holds."""

    def backup(self) -> Tables:
        return self.store.backup()

    def restore(self, backup: Tables, epoch: str, number_gap: int) -> None:
        self.store.restore(backup, epoch, number_gap)

    def tables(self) -> Tables:
        return self.store.tables

    def close(self) -> None:
        """Nothing to let go of."""


class SqlHouse:
    """A SQLite file of its own, in memory if this machine has a place for that."""

    def __init__(self, steps: Steps, on_commit: OnCommit) -> None:
        self._steps, self._on_commit = steps, on_commit
        shared_memory = Path("/dev/shm")  # noqa: S108 - a fresh folder is made below it
        self._folder = Path(tempfile.mkdtemp(dir=shared_memory if shared_memory.is_dir() else None))
        self._file = self._folder / "padsync.db"
        self._file.write_bytes(_empty_database())
        self.store = self._open()

    def reopen(self) -> None:
        self.store.close()
        self.store = self._open()

    def backup(self) -> bytes:
        with closing(sqlite3.connect(self._file)) as connection:
            return connection.serialize()

    def restore(self, backup: bytes, epoch: str, number_gap: int) -> None:
        """Put the backup in place; the new epoch is the database's own choice, not `epoch`."""
        self.store.close()
        for leftover in self._folder.iterdir():
            leftover.unlink()
        self._file.write_bytes(backup)
        engine = make_engine(f"sqlite:///{self._file}", pool_size=1)
        with engine.begin() as connection:
            start_epoch(connection, number_gap)
        engine.dispose()
        self.store = self._open()

    def tables(self) -> Tables:
        with closing(sqlite3.connect(self._file)) as connection:
            return read_tables(connection)

    def close(self) -> None:
        self.store.close()
        shutil.rmtree(self._folder)

    def _open(self) -> SqlStore:
        engine = make_engine(f"sqlite:///{self._file}", pool_size=4)

        def connect(_dialect: Any, _record: Any, arguments: Any, named: Any) -> sqlite3.Connection:
            connection: SteppingConnection = sqlite3.connect(*arguments, factory=SteppingConnection, **named)
            connection.steps = self._steps
            return connection

        event.listen(engine, "do_connect", connect)
        return SqlStore(engine, on_commit=self._on_commit)


class SteppingCursor(sqlite3.Cursor):
    """Takes a step before each statement that writes."""

    def execute(self, sql: str, parameters: Any = (), /) -> "SteppingCursor":
        self._step(sql)
        super().execute(sql, parameters)
        return self

    def executemany(self, sql: str, parameters: Any, /) -> "SteppingCursor":
        self._step(sql)
        super().executemany(sql, parameters)
        return self

    def _step(self, sql: str) -> None:
        if sql.lstrip()[:6].upper() in ("INSERT", "UPDATE", "DELETE"):
            connection = self.connection
            assert isinstance(connection, SteppingConnection)
            connection.steps.take(sql.split("(")[0].strip())


class SteppingConnection(sqlite3.Connection):
    """A connection whose writes are steps, and whose commit is one, too."""

    steps: Steps

    def cursor(self, factory: Any = SteppingCursor) -> Any:
        return super().cursor(factory)

    def commit(self) -> None:
        self.steps.take("commit")
        super().commit()


@cache
def _empty_database() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "empty.db"
        migrate(f"sqlite:///{file}")
        return file.read_bytes()


def read_tables(connection: sqlite3.Connection) -> Tables:
    """Return a SQLite database of the server in the form of the memory store's tables."""

    def all_of(table: str, order: str = "1") -> list[Any]:
        return connection.execute(f"SELECT * FROM {table} ORDER BY {order}").fetchall()  # noqa: S608 - constants

    tables = Tables(epochs=[row[1] for row in all_of("epoch")])
    tables.installs = {row[0]: rows.read_install(row) for row in all_of("install")}
    tables.records = {Key(row[0], row[1]): rows.read_record(row) for row in all_of("record")}
    tables.buckets = {row[0]: rows.read_bucket(row) for row in all_of("bucket")}
    for bucket, seq, kind, id, x, at in all_of("membership", "bucket, seq"):
        tables.rows.setdefault(bucket, {})[Key(kind, id)] = Membership(bucket, seq, kind, id, x, at)
    settled = [one for row in all_of("settled", "1, 2") for one in rows.read_settled(row)]
    tables.remembered = {(one.install_id, one.n): one for one in settled}
    for install_id, n, hash, prev, kind, id, mutation, countersignature, received_at in all_of("evidence", "1, 2"):
        tables.evidence[install_id, hash] = Evidence(
            install_id=install_id, n=n, hash=hash, prev=prev, kind=kind, id=id, mutation=mutation,
            countersignature=countersignature, received_at=received_at,
        )  # fmt: skip
    tables.leases = {row[0]: rows.read_lease(row) for row in all_of("lease")}
    for branch, date, series, overflow, number, _, id in all_of("number_use", "1, 2, 3, 4, 5, 6"):
        key = NumberKey(branch, series, date, overflow, number)
        tables.numbers[key] = (*tables.numbers.get(key, ()), id)
    tables.purges = {row[0]: rows.read_purge(row) for row in all_of("purge")}
    for row in all_of("audit_entry", "stream, position"):
        _, entry, link = rows.read_entry(row)
        tables.audit.setdefault(entry.stream, []).append((entry, link))
    tables.outbox = [Outbound(kind=row[1], id=row[2], version=row[3], at=row[4]) for row in all_of("outbox")]
    return tables
