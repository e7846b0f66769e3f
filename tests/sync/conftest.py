"""A bank in memory, and a tablet's pad in it."""

import pytest

from tests.sync.bank import Bank, Pad


@pytest.fixture
def bank() -> Bank:
    return Bank()


@pytest.fixture
def pad(bank: Bank) -> Pad:
    return bank.pad()
