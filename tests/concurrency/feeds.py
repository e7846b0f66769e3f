"""One feed that is safe under concurrent writers, and the cursors that everybody invents first."""

import random
import time
from collections.abc import Callable
from typing import Protocol

from sqlalchemy import BigInteger, Column, Identity, MetaData, Table, Text, insert, select

from backend.storage.engine import make_engine, reading
from backend.storage.sql_store import SqlStore
from tests.sync.store_cases import create, stored

HOT = "branch:1"  # every record is in it
NAIVE = Table("naive", MetaData(), Column("seq", BigInteger, Identity(), primary_key=True), Column("id", Text))
CLOCKED = Table("clocked", MetaData(), Column("seq", BigInteger), Column("id", Text, primary_key=True))


def dawdle() -> None:
    """What a busy server does between taking a number and committing."""
    time.sleep(random.uniform(0, 0.004))


class Feed(Protocol):
    """A table that some write and others read from a cursor on."""

    def add(self, id: str) -> None: ...
    def read(self, after: int) -> list[tuple[int, str]]: ...
    def close(self) -> None: ...


class BucketFeed:
    """The product's own: numbers are taken last, under the bucket's lock."""

    def __init__(self, url: str) -> None:
        self.store = SqlStore(make_engine(url))

    def add(self, id: str) -> None:
        buckets = (HOT, f"staff:{random.randrange(5)}", f"staff:{random.randrange(5)}")

        def work(unit):
            unit.save_records([create(stored(id, 1, buckets))])
            dawdle()

        self.store.write(work)

    def read(self, after: int) -> list[tuple[int, str]]:
        return [(row.seq, row.id) for row in self.store.read(lambda snapshot: snapshot.rows(HOT, after, 50))]

    def close(self) -> None:
        self.store.close()


class _TableFeed:
    def __init__(self, url: str, table: Table) -> None:
        self._engine = make_engine(url)
        self._table = table
        with self._engine.begin() as connection:
            table.create(connection, checkfirst=True)

    def read(self, after: int) -> list[tuple[int, str]]:
        table = self._table
        query = select(table.c.seq, table.c.id).where(table.c.seq > after).order_by(table.c.seq).limit(50)
        with reading(self._engine).connect() as connection:
            return [(seq, id) for seq, id in connection.execute(query)]

    def close(self) -> None:
        self._engine.dispose()


class SequenceFeed(_TableFeed):
    """Numbers from a bare sequence: taken at the insert, seen at the commit."""

    def __init__(self, url: str) -> None:
        super().__init__(url, NAIVE)

    def add(self, id: str) -> None:
        with self._engine.begin() as connection:
            connection.execute(insert(NAIVE).values(id=id))
            dawdle()


class ClockFeed(_TableFeed):
    """Numbers from the clock: taken when the work began, seen at the commit."""

    def __init__(self, url: str) -> None:
        super().__init__(url, CLOCKED)

    def add(self, id: str) -> None:
        now = time.time_ns()
        dawdle()
        with self._engine.begin() as connection:
            connection.execute(insert(CLOCKED).values(seq=now, id=id))


FEEDS: dict[str, Callable[[str], Feed]] = {"bucket": BucketFeed, "sequence": SequenceFeed, "clock": ClockFeed}
