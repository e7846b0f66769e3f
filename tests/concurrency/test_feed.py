"""Nobody who polls a bucket while others commit misses a row; who polls a naive cursor does (protocol.md §4)."""

import pytest

from backend.storage.engine import make_engine
from backend.storage.sql_store import SqlStore
from tests.concurrency.crew import run_crew
from tests.concurrency.feeds import HOT
from tests.sync.store_cases import bucket, check_bucket, rows


def check_feed(url, seen, expected):
    """I1, I2: nothing lost, gap-free, digests as recomputed."""
    assert len(seen.committed) == expected
    assert seen.lost == set()
    for reader in seen.readers:
        assert [seq for seq, _ in reader] == list(range(1, expected + 1))
    with SqlStore(make_engine(url)) as store:
        assert bucket(store, HOT).head == expected
        for name in store.read(lambda snapshot: snapshot.bucket_names()):
            check_bucket(store, name)
            assert [row[0] for row in rows(store, name, 0, 10_000)] == list(range(1, bucket(store, name).head + 1))


def test_eight_committers_on_postgres_lose_nothing(postgres_url):
    seen = run_crew("bucket", postgres_url, processes=2, threads=4, count=100)
    check_feed(postgres_url, seen, 800)


def test_eight_committers_in_four_processes_on_one_sqlite_file_lose_nothing(sqlite_url):
    seen = run_crew("bucket", sqlite_url, processes=4, threads=2, count=40)
    check_feed(sqlite_url, seen, 320)


@pytest.mark.parametrize("naive", ["sequence", "clock"])
def test_the_same_run_with_a_naive_cursor_loses_rows_on_postgres(postgres_url, naive):
    seen = run_crew(naive, postgres_url, processes=2, threads=4, count=100)
    assert len(seen.committed) == 800
    assert len(seen.lost) > 0


def test_the_same_run_with_a_naive_cursor_loses_rows_on_sqlite(sqlite_url):
    seen = run_crew("clock", sqlite_url, processes=4, threads=2, count=40)
    assert len(seen.committed) == 320
    assert len(seen.lost) > 0
