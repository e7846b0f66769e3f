"""Databases for the tests of this folder."""

import pytest

from backend.migrations import migrate
from tests.support.postgres import empty_postgres_url, migrated_template, postgres, postgres_url

__all__ = ["empty_postgres_url", "migrated_template", "postgres", "postgres_url"]


@pytest.fixture
def sqlite_url(tmp_path):
    """The URL of a migrated SQLite file without a row but its epoch."""
    url = f"sqlite:///{tmp_path}/padsync.db"
    migrate(url)
    return url


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request):
    """The URL of a migrated database, of each sort."""
    return request.getfixturevalue("sqlite_url" if request.param == "sqlite" else "postgres_url")
