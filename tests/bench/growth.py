"""How cost grows with the database: the same requests over ten thousand and over a million records."""

import sqlite3
from itertools import count, cycle
from pathlib import Path
from random import Random
from statistics import median

import msgspec
from msgspec import Struct

from contracts.pull import PullRequest
from sync.digest import record_hash, write_digest
from sync.tablet.ids import uuid7
from tests.bench.bank import AT
from tests.bench.client import write_request
from tests.bench.figures import PULL, Effort, headers_of, idle_requests, push_once, settle_town, start_real
from tests.bench.load import Load
from tests.bench.work import DAY_MS, customer_bodies

FEW = 10_000
PORTFOLIO_RECORDS = 2_000
PAGE_ROWS = 100
RECORD = """INSERT INTO record
 (kind, id, version, body, field_versions, buckets, "left", standing, changed_by, changed_at)
 VALUES ('customer', ?, 1, ?, '{}', ?, '{}', 'live', 'system', ?)"""
MEMBERSHIP = "INSERT INTO membership (bucket, seq, kind, id, at) VALUES (?, ?, 'customer', ?, ?)"
BUCKET = "INSERT INTO bucket (name, head, floor, n, digest) VALUES (?, ?, 0, ?, ?)"


class Cost(Struct, frozen=True):
    """Milliseconds of one request, in the middle of many, over a database of some size."""

    records: int
    push_ms: float  # a batch of 20 forms
    page_ms: float  # the first 100 records of a portfolio
    idle_ms: float


def measure_growth(load: Load, folder: Path, effort: Effort) -> list[Cost]:
    """Return the cost over a small and over a large SQLite database."""
    return [_cost(load, folder, records, effort) for records in (FEW, effort.grown)]


def fill(path: Path, records: int) -> None:
    """Put customers in portfolios of 2,000 into a database that no server has open, with nothing synced until done."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA synchronous=OFF")
    connection.execute("PRAGMA cache_size=-400000")
    bodies = cycle([body for _, body in customer_bodies(500, "P0", "b1")])
    random, ms = Random(5), count(DAY_MS - records)
    for at in range(records // PORTFOLIO_RECORDS):
        bucket = f"portfolio:G{at}"
        ids = [uuid7(next(ms), random) for _ in range(PORTFOLIO_RECORDS)]
        connection.execute("BEGIN")
        connection.executemany(RECORD, [(id, body, f'["{bucket}"]', AT) for id, body in zip(ids, bodies)])  # noqa: B905  # bodies go round
        connection.executemany(MEMBERSHIP, [(bucket, seq, id, AT) for seq, id in enumerate(ids, start=1)])
        digest = sum(record_hash("customer", id, 1) for id in ids) % 2**64
        connection.execute(BUCKET, (bucket, len(ids), len(ids), write_digest(digest)))
        connection.execute("COMMIT")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()


def _cost(load: Load, folder: Path, records: int, effort: Effort) -> Cost:
    home = folder / f"grown-{records}"
    home.mkdir()
    town = settle_town(f"sqlite:///{home}/real.db", PORTFOLIO_RECORDS)
    fill(home / "real.db", records)
    server = start_real(town, home)
    try:
        idle = idle_requests(load, server, town.field[:1])
        ask = msgspec.json.encode(PullRequest(limit=PAGE_ROWS))
        first = write_request("POST", PULL, headers_of(town.field[0]), ask)
        push_once(load, server, town.forms(2))
        timed = (
            push_once(load, server, town.forms(effort.form_pushes)[:1]),
            load.repeat(server.port, [first], effort.idle_pulls),
            load.repeat(server.port, idle, effort.idle_pulls),
        )
    finally:
        server.stop()
    return Cost(records, *(median(one.seconds) * 1000 for one in timed))
