"""The replica: records and the buckets they are in, with a count and a digest per bucket kept as they change."""

from collections.abc import Iterable
from typing import Any, NamedTuple

import msgspec

from contracts.base import Body
from contracts.pull import Change, Digest
from sync.digest import MODULUS, record_hash, write_digest
from sync.tablet.database import Database


class Held(NamedTuple):
    """A record as the server last sent it."""

    kind: str
    id: str
    version: int
    body: Body


class Row(NamedTuple):
    """One row of a bucket's feed as the tablet keeps it; `x` says why the record left the bucket."""

    bucket: str
    kind: str
    id: str
    version: int
    body: str
    x: str | None


def row_of(change: Change) -> Row:
    """Return a change as the tablet keeps it."""
    return Row(change.b, change.k, change.id, change.v, bytes(change.d).decode(), change.x)


class Replica:
    """Records that the server sent; written inside the caller's transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def find(self, kind: str, id: str) -> Held | None:
        """Return a record, or None if no bucket holds it."""
        row = self._database.execute(
            "SELECT version, body FROM record WHERE kind = ? AND id = ?", (kind, id)
        ).fetchone()
        return Held(kind, id, row[0], msgspec.json.decode(row[1])) if row else None

    def list_kind(self, kind: str) -> list[Held]:
        """Return every record of a kind, ordered by id; bounded by what the person's buckets hold."""
        rows = self._database.execute("SELECT id, version, body FROM record WHERE kind = ? ORDER BY id", (kind,))
        return [Held(kind, id, version, msgspec.json.decode(body)) for id, version, body in rows]

    def proposals_about(self, id: str) -> list[Body]:
        """Return the requests about a record that nobody has decided yet, oldest first."""
        rows = self._database.execute(
            "SELECT body FROM record WHERE kind = 'request' AND json_extract(body, '$.subject_id') = ? ORDER BY id",
            (id,),
        )
        bodies: list[Body] = [msgspec.json.decode(body) for (body,) in rows]
        return [body for body in bodies if body.get("state", "open") in ("open", "conflict")]

    def digests(self) -> dict[str, Digest]:
        """Return what every bucket holds, as the wire says it (C6)."""
        rows = self._database.execute("SELECT name, count, digest FROM bucket ORDER BY name")
        return {name: Digest(n=count, d=digest) for name, count, digest in rows}

    def members(self, bucket: str, prefix: str = "") -> list[tuple[str, str, int]]:
        """Return (kind, id, version) of a bucket's records under an id prefix, ordered by id."""
        return self._database.execute(
            "SELECT kind, id, version FROM membership JOIN record USING (kind, id)"
            " WHERE bucket = ? AND id >= ? AND id < ? ORDER BY id",
            (bucket, prefix, f"{prefix}~"),
        ).fetchall()

    def recount(self) -> None:
        """Make every count and digest true to the records that are here."""
        tally = _Tally(self._database)
        for bucket in self.digests():
            tally.clear(bucket)
            for member in self.members(bucket):
                tally.add(bucket, 1, record_hash(*member))
        tally.save()

    def apply(self, rows: Iterable[Row], resets: Iterable[str] = ()) -> None:
        """Take feed rows; a reset bucket is replaced by them, and a record without a bucket is forgotten (C4, C5)."""
        tally = _Tally(self._database)
        dropped = [bucket for bucket in resets if self._leave(bucket, tally)]
        for row in rows:
            if row.x is None:
                self._take(row, tally)
            else:
                self._drop(row, tally)
        if dropped:
            self._forget_homeless()
        tally.save()

    def drop_bucket(self, bucket: str) -> tuple[int, Digest]:
        """Forget a bucket; return how many records are gone from the tablet, and what the bucket held before."""
        before = self.digests().get(bucket, Digest(n=0, d=write_digest(0)))
        self._database.execute("DELETE FROM membership WHERE bucket = ?", (bucket,))
        self._database.execute("DELETE FROM bucket WHERE name = ?", (bucket,))
        return self._forget_homeless(), before

    def _leave(self, bucket: str, tally: "_Tally") -> bool:
        tally.clear(bucket)
        return self._database.execute("DELETE FROM membership WHERE bucket = ?", (bucket,)).rowcount > 0

    def _take(self, row: Row, tally: "_Tally") -> None:
        execute = self._database.execute
        key = (row.kind, row.id)
        old = execute("SELECT version, body FROM record WHERE kind = ? AND id = ?", key).fetchone()
        homes = self._homes(key) if old else ()
        new_hash = record_hash(row.kind, row.id, row.version)
        if old is None:
            execute("INSERT INTO record (kind, id, version, body) VALUES (?, ?, ?, ?)", (*key, row.version, row.body))
        elif old != (row.version, row.body):  # a restored server may give one version two bodies
            execute("UPDATE record SET version = ?, body = ? WHERE kind = ? AND id = ?", (row.version, row.body, *key))
            change = new_hash - record_hash(row.kind, row.id, old[0])
            for home in homes:
                tally.add(home, 0, change)
        if row.bucket not in homes:
            execute("INSERT INTO membership (kind, id, bucket) VALUES (?, ?, ?)", (*key, row.bucket))
            tally.add(row.bucket, 1, new_hash)

    def _drop(self, row: Row, tally: "_Tally") -> None:
        execute = self._database.execute
        key = (row.kind, row.id)
        tally.add(row.bucket, 0, 0)
        homes = self._homes(key)
        if row.bucket not in homes:
            return
        (version,) = execute("SELECT version FROM record WHERE kind = ? AND id = ?", key).fetchone()
        execute("DELETE FROM membership WHERE kind = ? AND id = ? AND bucket = ?", (*key, row.bucket))
        tally.add(row.bucket, -1, -record_hash(row.kind, row.id, version))
        if len(homes) == 1:
            execute("DELETE FROM record WHERE kind = ? AND id = ?", key)
            execute("DELETE FROM photo WHERE kind = ? AND id = ? AND is_uploaded = 1", key)

    def _homes(self, key: tuple[str, str]) -> tuple[str, ...]:
        rows = self._database.execute("SELECT bucket FROM membership WHERE kind = ? AND id = ?", key)
        return tuple(bucket for (bucket,) in rows)

    def _forget_homeless(self) -> int:
        gone = self._database.execute(
            "DELETE FROM record WHERE NOT EXISTS"
            " (SELECT 1 FROM membership WHERE membership.kind = record.kind AND membership.id = record.id)"
        ).rowcount
        # A photo that is still owed stays with the mutation that names it.
        self._database.execute(
            "DELETE FROM photo WHERE is_uploaded = 1 AND NOT EXISTS"
            " (SELECT 1 FROM record WHERE record.kind = photo.kind AND record.id = photo.id)"
        )
        return gone


class _Tally:
    """Counts and digests of the buckets that one application touches."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._now: dict[str, list[int]] = {}

    def clear(self, bucket: str) -> None:
        self._now[bucket] = [0, 0]

    def add(self, bucket: str, count: int, digest: int) -> None:
        now = self._now.get(bucket)
        if now is None:
            now = self._now[bucket] = self._load(bucket)
        now[0] += count
        now[1] += digest

    def save(self) -> None:
        self._database.executemany(
            "INSERT OR REPLACE INTO bucket (name, count, digest) VALUES (?, ?, ?)",
            [(name, count, write_digest(digest % MODULUS)) for name, (count, digest) in self._now.items()],
        )

    def _load(self, bucket: str) -> list[int]:
        row: Any = self._database.execute("SELECT count, digest FROM bucket WHERE name = ?", (bucket,)).fetchone()
        return [row[0], int(row[1], 16)] if row else [0, 0]
