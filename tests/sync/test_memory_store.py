"""The executable specification passes the cases that it specifies."""

import pytest

from sync.memory import MemoryStore
from tests.sync.store_cases import StoreCases
from tests.sync.store_ledger_cases import LedgerCases
from tests.sync.store_thread_cases import ThreadCases


class TestMemoryStore(StoreCases, LedgerCases, ThreadCases):
    @pytest.fixture
    def store(self, committed):
        return MemoryStore(epoch="e-1", on_commit=committed.append)
