"""One consistent view of everything, read through the driver."""

from collections.abc import Collection, Iterable
from functools import partial
from itertools import groupby
from operator import attrgetter

from sqlalchemy import Connection

from backend.storage import rows
from backend.storage.driver import Driver
from backend.storage.statements import Statements
from sync.store import (
    BucketState,
    FeedRow,
    Glance,
    Install,
    Key,
    LeaseRow,
    NumberKey,
    PurgeRow,
    Remembered,
    Stored,
    WrittenRows,
)
from sync.written import write_rows

AT_ONCE = 500  # rows that SQLite writes as one text: of the largest records some 32 MB

to_feed_row = partial(tuple.__new__, FeedRow)  # half the cost of FeedRow._make


class SqlSnapshot:
    """Reads of one transaction. `connection` is the same transaction for whoever reads with SQLAlchemy."""

    def __init__(self, driver: Driver, sql: Statements) -> None:
        self._driver = driver
        self._sql = sql

    @property
    def connection(self) -> Connection:
        """The same transaction for whoever speaks SQLAlchemy."""
        return self._driver.connection

    def epoch(self) -> str:
        """Return the present epoch."""
        return str(self._driver.all(self._sql.epochs)[0][0])

    def past_epochs(self) -> frozenset[str]:
        """Return the epochs that a restore ended."""
        return frozenset(epoch for (epoch,) in self._driver.all(self._sql.epochs)[1:])

    def find_install(self, install_id: str) -> Install | None:
        """Return what is known of an install."""
        row = self._driver.one(self._sql.install, install_id)
        return rows.read_install(row) if row else None

    def buckets(self, names: Collection[str]) -> dict[str, BucketState]:
        """Return the state of each named bucket; one that has no rows yet is all zeros."""
        return self._buckets(self._sql.buckets, names)

    def glance(self, install_id: str, names: Collection[str]) -> Glance:
        """Return epoch, acknowledged number and bucket states in one question."""
        parameters = install_id, self._driver.values(names)
        ((epoch, ack_n, states),) = self._driver.all(self._sql.glance, *parameters)
        return Glance(epoch, ack_n, _by_name(names, rows.read_buckets(states)))

    def rows(self, bucket: str, after: int, limit: int) -> list[FeedRow]:
        """Return feed rows with `seq > after` in order, at most `limit`."""
        return list(map(to_feed_row, self._driver.all(self._sql.rows, bucket, after, limit)))

    def written_rows(self, bucket: str, after: int, limit: int, max_bytes: int) -> WrittenRows:
        """Return the same rows as the wire shows them, and no more than fit in `max_bytes`, commas counted.

        SQLite writes some hundred rows at a time as one text: a row that comes to Python costs more than its reading.
        """
        texts: list[bytes] = []
        count, last, is_end = 0, after, False
        while count < limit and max_bytes > 0 and not is_end:
            at_once = min(limit - count, AT_ONCE if self._driver.is_sqlite else limit)
            some = self._some_written(bucket, last, at_once, max_bytes)
            count, last, is_end = count + some.n, some.last, some.is_end
            texts += [some.text] if some.n else []
            max_bytes -= len(some.text) + 1
            if some.n < at_once:
                break
        return WrittenRows(b",".join(texts), count, last, is_end)

    def _some_written(self, bucket: str, after: int, limit: int, max_bytes: int) -> WrittenRows:
        if self._driver.is_sqlite:
            ((text, n, last),) = self._driver.all(self._sql.written_rows, bucket, after, limit)
            if not n:
                return WrittenRows(b"", 0, after, is_end=True)
            if len(text) < max_bytes:
                return WrittenRows(text, n, last, is_end=n < limit)
        return write_rows(bucket, self.rows(bucket, after, limit), after=after, limit=limit, max_bytes=max_bytes)

    def live_ids(self, bucket: str) -> list[tuple[str, str, int]]:
        """Return (id, kind, version) of every live record of a bucket, ordered by id."""
        return self._driver.all(self._sql.live_ids, bucket)

    def rows_of(self, bucket: str, ids: Collection[str]) -> list[FeedRow]:
        """Return the live feed rows of these ids in a bucket, in order."""
        if not ids:
            return []
        return list(map(to_feed_row, self._driver.all(self._sql.rows_of, bucket, self._driver.values(ids))))

    def records(self, keys: Collection[Key]) -> dict[Key, Stored]:
        """Return the records that exist."""
        return self._records(self._sql.records, keys)

    def remembered(self, install_id: str, numbers: Collection[int]) -> dict[int, Remembered]:
        """Return the settled mutations among these numbers."""
        found: dict[int, Remembered] = {}
        for n in sorted(numbers, reverse=True):
            if n not in found:  # or it came with a later number of the same push
                for row in self._driver.all(self._sql.settled, install_id, n):
                    found |= {one.n: one for one in rows.read_settled(row)}
        return {n: found[n] for n in numbers if n in found}

    def evidence_among(self, install_id: str, hashes: Collection[str]) -> set[str]:
        """Return which of these are hashes of evidence that came from this install."""
        return {hash for (hash,) in self._driver.all(self._sql.evidence_among, install_id, self._driver.values(hashes))}

    def find_lease(self, lease_id: str) -> LeaseRow | None:
        """Return a lease by its id."""
        row = self._driver.one(self._sql.lease, lease_id)
        return rows.read_lease(row) if row else None

    def leases(self, branch: str, date: str) -> list[LeaseRow]:
        """Return a branch's leases of one day, by series and number."""
        return [rows.read_lease(row) for row in self._driver.all(self._sql.leases, branch, date)]

    def numbers(self, branch: str, date: str) -> dict[NumberKey, tuple[str, ...]]:
        """Return every used number of a branch's day with its records, the first user first."""
        users: dict[NumberKey, tuple[str, ...]] = {}
        for _, _, series, overflow, number, _, id in self._driver.all(self._sql.numbers, branch, date):
            key = NumberKey(branch, series, date, overflow, number)
            users[key] = (*users.get(key, ()), id)
        return users

    def purges(self, install_id: str) -> list[PurgeRow]:
        """Return an install's purge orders, oldest first."""
        return [rows.read_purge(row) for row in self._driver.all(self._sql.purges, install_id)]

    def received(self, install_id: str) -> dict[str, int]:
        """Return the buckets that an install has been sent, with the cursor it last showed in each."""
        return dict(self._driver.all(self._sql.received, install_id))

    def bucket_names(self) -> list[str]:
        """Return the name of every bucket, sorted."""
        return [name for (name,) in self._driver.all(self._sql.bucket_names)]

    def newest_before(self, bucket: str, moment: str) -> int:
        """Return the newest number of a bucket's rows that were written before `moment`, 0 if there is none."""
        row = self._driver.one(self._sql.newest_before, bucket, moment)
        return int(row[0]) if row else 0

    def cursors(self, bucket: str, seen_since: str) -> list[int]:
        """Return the cursors noted in a bucket of the installs seen since a moment."""
        return [seq for (seq,) in self._driver.all(self._sql.cursors, bucket, seen_since)]

    def _buckets(self, sql: str, names: Collection[str]) -> dict[str, BucketState]:
        if not names:
            return {}
        return _by_name(names, map(rows.read_bucket, self._driver.all(sql, self._driver.values(names))))

    def _records(self, sql: str, keys: Collection[Key]) -> dict[Key, Stored]:
        found: dict[Key, Stored] = {}
        for kind, ids in _by_kind(keys):
            for row in self._driver.all(sql, kind, self._driver.values(ids)):
                found[Key(kind, row[1])] = rows.read_record(row)
        return found


def _by_name(names: Collection[str], found: Iterable[BucketState]) -> dict[str, BucketState]:
    states = {state.name: state for state in found}
    return {name: states.get(name) or BucketState(name=name) for name in names}


def _by_kind(keys: Iterable[Key]) -> list[tuple[str, list[str]]]:
    """Return the ids of each kind, both sorted: the order in which rows are locked."""
    return [(kind, [key.id for key in group]) for kind, group in groupby(sorted(set(keys)), attrgetter("kind"))]
