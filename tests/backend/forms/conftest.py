"""A migrated database of each sort."""

import pytest

from backend.migrations import migrate
from tests.support.postgres import migrated_template, postgres, postgres_url

__all__ = ["migrated_template", "postgres", "postgres_url"]


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request, tmp_path):
    """The URL of a migrated database of each sort."""
    if request.param == "postgresql":
        return request.getfixturevalue("postgres_url")
    migrate(url := f"sqlite:///{tmp_path}/padsync.db")
    return url
