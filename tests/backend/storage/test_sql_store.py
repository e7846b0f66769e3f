"""The store on both databases does what every store does."""

import pytest

from backend.storage.engine import make_engine
from backend.storage.sql_store import SqlStore
from tests.sync.store_cases import StoreCases
from tests.sync.store_ledger_cases import LedgerCases
from tests.sync.store_thread_cases import ThreadCases


class TestSqliteStore(StoreCases, LedgerCases, ThreadCases):
    @pytest.fixture
    def store(self, sqlite_url, committed):
        with SqlStore(make_engine(sqlite_url), on_commit=committed.append) as store:
            yield store


class TestPostgresStore(StoreCases, LedgerCases, ThreadCases):
    @pytest.fixture
    def store(self, postgres_url, committed):
        with SqlStore(make_engine(postgres_url), on_commit=committed.append) as store:
            yield store
