"""Databases for the tests of this folder."""

import pytest

from backend.migrations import migrate
from tests.support.postgres import migrated_template, postgres, postgres_url

__all__ = ["migrated_template", "postgres", "postgres_url"]


@pytest.fixture
def sqlite_url(tmp_path):
    """The URL of a migrated SQLite file."""
    url = f"sqlite:///{tmp_path}/padsync.db"
    migrate(url)
    return url
