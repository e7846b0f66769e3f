"""The executable specification passes the cases that it specifies."""

import pytest

from sync.memory import MemoryStore
from tests.sync.store_cases import StoreCases


class TestMemoryStore(StoreCases):
    @pytest.fixture
    def store(self, committed):
        return MemoryStore(epoch="e-1", on_commit=committed.append)
