"""The working days of 2026 as the State Council told them, and a branch on both databases."""

from datetime import date, timedelta

import chinese_calendar
import pytest

from backend.domain.compliance.rules.calendar import Calendar
from tests.backend.compliance.branch import Branch
from tests.support.databases import open_store


@pytest.fixture(scope="session")
def calendar_2026():
    days = [date(2026, 1, 1) + timedelta(days=n) for n in range(365)]
    return Calendar(days={day: chinese_calendar.is_workday(day) for day in days}, version="test")


@pytest.fixture
def branch(url, calendar_2026):
    with open_store(url) as store:
        yield Branch(store, calendar_2026)
