"""Backup while the server works, and restore as a new incarnation of the database."""

import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

from sqlalchemy import Connection, MetaData, Row, Table, delete, func, insert, inspect, select, text, update

from backend.storage import tables as t
from backend.storage.archive import CHUNK_BYTES, ArchiveReader, ArchiveWriter, BackupBroken, Header
from backend.storage.engine import make_engine, reading
from sync.moments import write_moment

Progress = Callable[[int, int], None]  # done, of how many: bytes or rows
Prepare = Callable[[Connection, str], None]  # brings a database to a schema revision

NUMBER_GAP = 1_000
PAGES = 1_000
VERSION_TABLE = "alembic_version"
# Rows that a database has before anybody used it.
BORN_WITH = {VERSION_TABLE, t.epoch.name, t.server_secret.name}


class DatabaseNotEmpty(ValueError):
    """A restore would replace work; it must be told to."""


def backup(url: str, path: Path, progress: Progress = lambda _done, _of: None) -> Header:
    """Write one consistent, compressed, checksummed file; the server may go on working. Return its header."""
    engine = make_engine(url, pool_size=2)
    try:
        with reading(engine).connect() as connection:
            header = _describe(connection)
            with ArchiveWriter(path, header) as archive:
                write = _write_sqlite if header.database == "sqlite" else _write_postgres
                write(connection, archive, progress)
                archive.finish()
            return header
    finally:
        engine.dispose()


def restore(
    path: Path,
    url: str,
    prepare: Prepare,
    *,
    is_overwriting: bool = False,
    number_gap: int = NUMBER_GAP,
    progress: Progress = lambda _done, _of: None,
) -> str:
    """Make the database what the backup holds, in one transaction, and return the new epoch.

    Numbers leased after the backup was made are unknown to it: every line jumps ahead by `number_gap`, and lines
    of days until tomorrow that the backup does not know begin above it. Epochs and lines that the replaced database
    knows are kept, so that one backup may be restored again and again. Raises DatabaseNotEmpty unless
    `is_overwriting`, BackupBroken if the file is not what was written, or comes from the other sort of database.
    """
    archive = ArchiveReader(path)
    engine = make_engine(url, pool_size=2)
    try:
        if archive.header.database != engine.dialect.name:
            raise BackupBroken(f"the backup is of {archive.header.database}, the database is {engine.dialect.name}")
        with reading(engine).connect() as connection:
            _check_empty(connection, is_overwriting)
            carried = _carry(connection)
        if engine.dialect.name == "sqlite":
            assert engine.url.database is not None
            return _restore_sqlite(archive, Path(engine.url.database), number_gap, carried, progress)
        with engine.begin() as connection:
            return _restore_postgres(archive, connection, prepare, number_gap, carried, progress)
    finally:
        engine.dispose()


def _describe(connection: Connection) -> Header:
    epoch = connection.scalars(select(t.epoch.c.epoch).order_by(t.epoch.c.ordinal.desc())).first()
    revision = connection.scalar(text(f"SELECT version_num FROM {VERSION_TABLE}"))  # noqa: S608  # a constant
    assert epoch is not None
    return Header(
        database=connection.dialect.name, revision=str(revision), epoch=epoch, made_at=write_moment(datetime.now(UTC))
    )


def _check_empty(connection: Connection, is_overwriting: bool) -> None:
    if is_overwriting:
        return
    for name in inspect(connection).get_table_names():
        if name not in BORN_WITH and connection.execute(select(text("1")).select_from(Table(name, MetaData()))).first():
            raise DatabaseNotEmpty(f"the database is not empty: table {name} has rows")


class Carried(NamedTuple):
    """What the database that a restore replaces knows better than any backup: what was given out to tablets."""

    epochs: list[Row[Any]]
    lines: list[Row[Any]]


NOTHING = Carried([], [])


def _carry(connection: Connection) -> Carried:
    present = inspect(connection).get_table_names()
    if not {t.epoch.name, t.number_line.name} <= set(present):
        return NOTHING
    epochs = connection.execute(select(t.epoch).order_by(t.epoch.c.ordinal))
    return Carried(list(epochs), list(connection.execute(select(t.number_line))))


def start_epoch(connection: Connection, number_gap: int, carried: Carried = NOTHING) -> str:
    """Begin a new incarnation: a new epoch, and no queue number that may be out already. Return the epoch."""
    now = datetime.now(UTC)
    epoch = str(uuid4())
    known = list(connection.execute(select(t.epoch).order_by(t.epoch.c.ordinal)))
    names = {row.epoch for row in known}
    past = [row._asdict() for row in (*known, *(row for row in carried.epochs if row.epoch not in names))]
    until = (now + timedelta(days=1)).date().isoformat()
    news = {"epoch": epoch, "started_at": write_moment(now), "number_gap": number_gap, "gap_until": until}
    connection.execute(delete(t.epoch))
    connection.execute(insert(t.epoch), [row | {"ordinal": at} for at, row in enumerate([*past, news], 1)])
    connection.execute(update(t.number_line).values(next=t.number_line.c.next + number_gap))
    for line in carried.lines:
        _raise_line(connection, line, number_gap)
    return epoch


def _raise_line(connection: Connection, line: Row[Any], number_gap: int) -> None:
    """Let a line go on where the replaced database had come to, if that is higher."""
    chosen = [column == line._mapping[column.name] for column in t.number_line.primary_key]
    present = connection.scalar(select(t.number_line.c.next).where(*chosen))
    if present is None:
        connection.execute(insert(t.number_line).values(line._asdict() | {"next": max(line.next, number_gap + 1)}))
    elif present < line.next:
        connection.execute(update(t.number_line).where(*chosen).values(next=line.next))


def _write_sqlite(connection: Connection, archive: ArchiveWriter, progress: Progress) -> None:
    """Copy the pages of one snapshot, then pack the copy.

    The connection holds its read transaction throughout, so writers neither wait nor make the copy start again.
    """
    source = connection.connection.driver_connection
    assert isinstance(source, sqlite3.Connection)
    with tempfile.TemporaryDirectory(dir=archive.folder) as folder:
        copy = Path(folder) / "copy.db"
        with closing(sqlite3.connect(copy)) as target:
            source.backup(target, pages=PAGES, progress=lambda _status, left, of: progress(of - left, of))
        archive.section({"file": "database"}, _read_chunks(copy))


def _read_chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            yield chunk


def _restore_sqlite(archive: ArchiveReader, target: Path, number_gap: int, carried: Carried, progress: Progress) -> str:
    """Prepare the database aside, then copy it over the old one in one transaction of SQLite's own."""
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        copy = Path(folder) / "copy.db"
        with copy.open("wb") as file:
            for _, chunks in archive.sections():
                file.writelines(chunks)
        epoch = _start_epoch_in(copy, number_gap, carried)
        with closing(sqlite3.connect(copy)) as source, closing(sqlite3.connect(target, timeout=30)) as old:
            source.backup(old, pages=PAGES, progress=lambda _status, left, of: progress(of - left, of))
    return epoch


def _start_epoch_in(copy: Path, number_gap: int, carried: Carried) -> str:
    engine = make_engine(f"sqlite:///{copy}", pool_size=1)
    try:
        with engine.begin() as connection:
            found = connection.execute(text("PRAGMA integrity_check")).scalar()
            if found != "ok":
                raise BackupBroken(f"SQLite finds the database damaged: {found}")
            return start_epoch(connection, number_gap, carried)
    finally:
        engine.dispose()


def _tables(connection: Connection) -> list[Table]:
    """Return every table that lies in the database, parents before children."""
    found = MetaData()
    found.reflect(connection)
    return found.sorted_tables


def _write_postgres(connection: Connection, archive: ArchiveWriter, progress: Progress) -> None:
    tables = _tables(connection)
    for done, table in enumerate(tables):
        progress(done, len(tables))
        names = [f"{column.name}" for column in table.c]
        archive.section({"table": f"{table.name}", "columns": names}, _copy_out(connection, table.name, names))
    progress(len(tables), len(tables))


def _quoted(connection: Connection, table: str, columns: list[str]) -> str:
    quote = connection.dialect.identifier_preparer.quote
    return f"{quote(table)} ({', '.join(map(quote, columns))})"


def _copy_out(connection: Connection, table: str, columns: list[str]) -> Iterator[bytes]:
    raw = connection.connection.driver_connection
    assert raw is not None
    with raw.cursor() as cursor, cursor.copy(f"COPY {_quoted(connection, table, columns)} TO STDOUT") as copy:
        waiting = bytearray()
        for data in copy:
            waiting += data
            if len(waiting) >= CHUNK_BYTES:
                yield bytes(waiting)
                waiting.clear()
        yield bytes(waiting)


def _restore_postgres(
    archive: ArchiveReader,
    connection: Connection,
    prepare: Prepare,
    number_gap: int,
    carried: Carried,
    progress: Progress,
) -> str:
    """Drop what is there, make the backup's schema, fill it: all or nothing, and unseen until the commit."""
    old = MetaData()
    old.reflect(connection)
    old.drop_all(connection)
    prepare(connection, archive.header.revision)
    tables = _tables(connection)
    for table in reversed(tables):
        connection.execute(delete(table))
    for done, (title, chunks) in enumerate(archive.sections()):
        progress(done, len(tables))
        _copy_in(connection, title["table"], title["columns"], chunks)
    _continue_serials(connection, tables)
    connection.execute(text("ANALYZE"))  # or the planner would guess for the first minutes
    progress(len(tables), len(tables))
    return start_epoch(connection, number_gap, carried)


def _copy_in(connection: Connection, table: str, columns: list[str], chunks: Iterator[bytes]) -> None:
    raw = connection.connection.driver_connection
    assert raw is not None
    with raw.cursor() as cursor, cursor.copy(f"COPY {_quoted(connection, table, columns)} FROM STDIN") as copy:
        for chunk in chunks:
            copy.write(chunk)


def _continue_serials(connection: Connection, tables: list[Table]) -> None:
    """Let numbers that the database gives out go on after the highest that was restored."""
    for table in tables:
        for column in table.primary_key:
            serial = connection.scalar(select(func.pg_get_serial_sequence(table.name, column.name)))
            if serial:
                highest = select(func.coalesce(func.max(column), 0) + 1).scalar_subquery()
                connection.execute(select(func.setval(serial, highest, False)))
