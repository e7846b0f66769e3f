"""The office on both databases."""

import pytest

from backend.app import PROJECTIONS
from backend.domain.handoffs import list_reactions
from backend.migrations import migrate
from backend.registry import KINDS
from backend.settings import Settings
from backend.storage.engine import make_engine
from backend.storage.reactions import Reactions
from backend.storage.sql_store import SqlStore
from tests.backend.visits.reviews.office import Office
from tests.support.postgres import migrated_template, postgres, postgres_url

__all__ = ["migrated_template", "postgres", "postgres_url"]


@pytest.fixture(params=["sqlite", "postgresql"])
def office(request, tmp_path):
    url = f"sqlite:///{tmp_path}/padsync.db"
    if request.param == "sqlite":
        migrate(url)
    else:
        url = request.getfixturevalue("postgres_url")
    with SqlStore(make_engine(url), PROJECTIONS, reactions=Reactions(KINDS, list_reactions(Settings()))) as store:
        yield Office(store)
