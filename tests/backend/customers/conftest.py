"""A lobby on both databases: two branches of one bank, and a manager in each."""

import shutil
from functools import partial

import pytest

from backend.app import PROJECTIONS
from backend.auth.parts import Auth
from backend.domain.handoffs import list_reactions
from backend.domain.orgs.queries import OrgRow, add_org
from backend.migrations import migrate
from backend.registry import KINDS
from backend.settings import Settings
from backend.storage.engine import make_engine
from backend.storage.reactions import Reactions
from backend.storage.sql_store import SqlStore
from tests.backend.auth.people import Clock, House
from tests.backend.customers.lobby import Lobby
from tests.support.postgres import migrated_template, postgres, postgres_url

__all__ = ["migrated_template", "postgres", "postgres_url"]

SETTINGS = Settings(argon2_memory_kib=8, argon2_passes=1, argon2_lanes=1, identify_per_hour=20)
ORGS = (("35", "union", None), ("3500", "bank", "35"), ("3501", "branch", "3500"), ("3502", "branch", "3500"))


@pytest.fixture(scope="session")
def empty_file(tmp_path_factory):
    """A migrated SQLite file, made once and copied often."""
    path = tmp_path_factory.mktemp("empty") / "padsync.db"
    migrate(f"sqlite:///{path}")
    return path


@pytest.fixture
def sqlite_url(tmp_path, empty_file):
    shutil.copy(empty_file, tmp_path / "padsync.db")
    return f"sqlite:///{tmp_path}/padsync.db"


@pytest.fixture(params=["sqlite", "postgresql"])
def lobby(request):
    url = request.getfixturevalue("sqlite_url" if request.param == "sqlite" else "postgres_url")
    clock, reactions = Clock(), Reactions(KINDS, list_reactions(SETTINGS))
    with SqlStore(make_engine(url), PROJECTIONS, reactions=reactions) as store:
        for org_id, level, parent in ORGS:
            store.write(partial(_found, OrgRow(org_id=org_id, name=org_id, level=level, parent=parent)))
        house = House(Auth(store, b"s" * 32, clock, SETTINGS), clock)
        for staff_no, org_id in (("l1", "3501"), ("l2", "3502")):
            house.hire(staff_no, org_id, "lobby_manager")
        house.hire("f1", "3501", "field_manager")
        yield Lobby(store, clock)


@pytest.fixture
def here(lobby):
    """The tablet of the branch that hosts most customers."""
    return lobby.tablet("l1", "3501")


@pytest.fixture
def there(lobby):
    """The tablet of the other branch."""
    return lobby.tablet("l2", "3502")


def _found(org, unit):
    add_org(unit.connection, org)
