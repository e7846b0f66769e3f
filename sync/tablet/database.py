"""The tablet's one SQLite file: its tables, and the one way to write to it."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

TABLES = """
-- One row: who this install is and how far it has come.
CREATE TABLE install (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    install_id TEXT NOT NULL,
    staff_no TEXT NOT NULL DEFAULT '',
    next_n INTEGER NOT NULL DEFAULT 1,
    ack_n INTEGER NOT NULL DEFAULT 0,       -- of the newest complete round (P5)
    chain_head TEXT NOT NULL DEFAULT '',    -- hash of this install's newest evidence
    letter TEXT,                            -- names this install's overflow series
    epoch TEXT,
    shown_epoch TEXT,                       -- the epoch that has seen our leases
    cursor TEXT,
    staged_cursor TEXT,                     -- of a round that is not complete yet
    contact_at TEXT,                        -- of the newest complete round
    contact_d INTEGER,                      -- without contact for so long, the replica goes
    access_token TEXT, refresh_token TEXT
) STRICT;

CREATE TABLE record (
    kind TEXT NOT NULL, id TEXT NOT NULL, version INTEGER NOT NULL, body TEXT NOT NULL,
    PRIMARY KEY (kind, id)
) STRICT, WITHOUT ROWID;
-- Pending proposals are found by their subject.
CREATE INDEX record_subject ON record (json_extract(body, '$.subject_id')) WHERE kind = 'request';
-- A number that is on a ticket is never given out again, and a customer is found by it.
CREATE INDEX record_number ON record (json_extract(body, '$.number')) WHERE kind = 'ticket';

CREATE TABLE membership (
    kind TEXT NOT NULL, id TEXT NOT NULL, bucket TEXT NOT NULL,
    PRIMARY KEY (kind, id, bucket)
) STRICT, WITHOUT ROWID;
CREATE INDEX membership_bucket ON membership (bucket, id);

CREATE TABLE bucket (
    name TEXT PRIMARY KEY, count INTEGER NOT NULL, digest TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE staged (
    bucket TEXT NOT NULL, kind TEXT NOT NULL, id TEXT NOT NULL,
    version INTEGER NOT NULL, body TEXT NOT NULL, x TEXT,
    PRIMARY KEY (bucket, kind, id)
) STRICT, WITHOUT ROWID;
CREATE TABLE staged_bucket (
    bucket TEXT NOT NULL, sort TEXT NOT NULL, purge TEXT, deadline TEXT,  -- sort: reset, removed
    PRIMARY KEY (bucket, sort)
) STRICT, WITHOUT ROWID;

-- Outbox and journal in one: a mutation exactly as it is sent, and what became of it.
CREATE TABLE mutation (
    n INTEGER PRIMARY KEY,
    staff_no TEXT NOT NULL, kind TEXT NOT NULL, id TEXT NOT NULL, op TEXT NOT NULL,
    wire TEXT NOT NULL,
    is_sent INTEGER NOT NULL DEFAULT 0,
    outcome TEXT, settled_at TEXT,
    is_open INTEGER NOT NULL DEFAULT 0      -- parked or in conflict, and no person has settled it yet
) STRICT;
CREATE INDEX mutation_record ON mutation (kind, id, n);
CREATE INDEX mutation_waiting ON mutation (n) WHERE outcome IS NULL;
CREATE INDEX mutation_open ON mutation (n) WHERE is_open = 1;

CREATE TABLE line (
    branch TEXT NOT NULL, series TEXT NOT NULL, business_date TEXT NOT NULL,
    want INTEGER NOT NULL, request_id TEXT, overflow_next INTEGER NOT NULL DEFAULT 1,
    is_ended INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (branch, series, business_date)
) STRICT, WITHOUT ROWID;
CREATE TABLE lease (
    lease_id TEXT PRIMARY KEY,
    branch TEXT NOT NULL, series TEXT NOT NULL, business_date TEXT NOT NULL,
    lo INTEGER NOT NULL, hi INTEGER NOT NULL, next INTEGER NOT NULL,
    expires_at TEXT NOT NULL, token TEXT NOT NULL,
    state TEXT NOT NULL DEFAULT 'open'      -- open, returning, returned
) STRICT, WITHOUT ROWID;

CREATE TABLE purge (
    purge TEXT PRIMARY KEY, cause TEXT NOT NULL, deadline TEXT NOT NULL,
    deleted INTEGER NOT NULL DEFAULT 0,
    count INTEGER NOT NULL DEFAULT 0, digest TEXT NOT NULL DEFAULT '0000000000000000',
    done_at TEXT, is_settled INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
CREATE TABLE purge_bucket (
    purge TEXT NOT NULL, bucket TEXT NOT NULL, PRIMARY KEY (purge, bucket)
) STRICT, WITHOUT ROWID;

CREATE TABLE photo (
    sha256 TEXT NOT NULL, kind TEXT NOT NULL, id TEXT NOT NULL,
    media_type TEXT NOT NULL, content BLOB NOT NULL,
    upload_url TEXT, is_uploaded INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (sha256, kind, id)
) STRICT;

CREATE TABLE incident (
    at TEXT NOT NULL, bucket TEXT NOT NULL, mine TEXT NOT NULL, theirs TEXT NOT NULL, mended INTEGER NOT NULL
) STRICT;
"""

# A file in WAL mode says so in bytes 18 and 19 of its header, and cannot be opened in memory like that.
ROLLBACK_JOURNAL = b"\x01\x01"


class Database:
    """A tablet's database; one thread at a time."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        connection.isolation_level = None
        # What is deleted is overwritten, in the file and in its free pages (C7).
        connection.execute("PRAGMA secure_delete = ON")
        self.connection = connection
        self.execute = connection.execute
        self.executemany = connection.executemany

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Everything inside is written, or nothing; nests into the transaction that is open."""
        if self.connection.in_transaction:
            yield
            return
        self.execute("BEGIN IMMEDIATE")
        try:
            yield
            self.execute("COMMIT")
        except BaseException:
            if self.connection.in_transaction:
                self.execute("ROLLBACK")
            raise

    def wipe_free_space(self) -> None:
        """Leave nothing of what was deleted, neither in free pages nor in the log beside the file."""
        if self.execute("PRAGMA database_list").fetchone()[2]:
            self.execute("VACUUM")
            self.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def serialize(self) -> bytes:
        """Return the whole database, as a copy of the file would hold it."""
        return self.connection.serialize()

    def close(self) -> None:
        """Let go of the file."""
        self.connection.close()


def create_database(path: Path | None, install_id: str) -> Database:
    """Return a tablet's database, made anew if the file does not exist; `None` keeps it in memory."""
    connection = sqlite3.connect(path or ":memory:", check_same_thread=False)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    database = Database(connection)
    with database.transaction():
        if not database.execute("SELECT 1 FROM sqlite_schema WHERE name = 'install'").fetchone():
            for statement in TABLES.split(";\n"):
                database.execute(statement)
            database.execute("INSERT INTO install (one, install_id) VALUES (1, ?)", (install_id,))
    return database


def restore_database(snapshot: bytes) -> Database:
    """Return a database in memory as it stood when `snapshot` was taken."""
    connection = sqlite3.connect(":memory:", check_same_thread=False)
    connection.deserialize(snapshot[:18] + ROLLBACK_JOURNAL + snapshot[20:])
    return Database(connection)
