"""The working days of 2026 as the State Council told them, and a branch on both databases."""

from datetime import date, timedelta

import chinese_calendar
import pytest

from backend.app import PROJECTIONS
from backend.domain.compliance.rules.calendar import Calendar
from backend.domain.handoffs import list_reactions
from backend.migrations import migrate
from backend.registry import KINDS
from backend.settings import Settings
from backend.storage.engine import make_engine
from backend.storage.reactions import Reactions
from backend.storage.sql_store import SqlStore
from tests.backend.compliance.branch import Branch
from tests.support.postgres import migrated_template, postgres, postgres_url

__all__ = ["migrated_template", "postgres", "postgres_url"]


@pytest.fixture(scope="session")
def calendar_2026():
    days = [date(2026, 1, 1) + timedelta(days=n) for n in range(365)]
    return Calendar(days={day: chinese_calendar.is_workday(day) for day in days}, version="test")


@pytest.fixture
def sqlite_url(tmp_path):
    url = f"sqlite:///{tmp_path}/padsync.db"
    migrate(url)
    return url


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request):
    """A migrated database of each sort."""
    return request.getfixturevalue("sqlite_url" if request.param == "sqlite" else "postgres_url")


@pytest.fixture
def branch(url, calendar_2026):
    with SqlStore(make_engine(url), PROJECTIONS, reactions=Reactions(KINDS, list_reactions(Settings()))) as store:
        yield Branch(store, calendar_2026)
