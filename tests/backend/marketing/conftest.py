"""Two branches with a ledger of contacts, on both databases."""

import pytest

from backend.app import PROJECTIONS
from backend.auth.parts import Auth
from backend.auth.staffing import assign_portfolio
from backend.domain.handoffs import list_reactions
from backend.domain.orgs.queries import OrgRow, add_org
from backend.domain.staff.queries import add_portfolio
from backend.migrations import migrate
from backend.registry import KINDS
from backend.settings import Settings
from backend.storage.engine import make_engine
from backend.storage.reactions import Reactions
from backend.storage.sql_store import SqlStore
from tests.backend.auth.people import Clock, House
from tests.backend.marketing.ledger import Ledger
from tests.support.postgres import migrated_template, postgres, postgres_url

__all__ = ["migrated_template", "postgres", "postgres_url"]

SETTINGS = Settings(argon2_memory_kib=8, argon2_passes=1, argon2_lanes=1)


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
def ledger(url):
    clock = Clock()
    with SqlStore(make_engine(url), PROJECTIONS, reactions=Reactions(KINDS, list_reactions(Settings()))) as store:
        house = House(Auth(store, b"s" * 32, clock, SETTINGS), clock)
        store.write(lambda unit: _found(unit.connection))
        for staff_no, org_id, role in (
            ("l1", "3501", "lobby_manager"), ("l2", "3501", "lobby_manager"), ("l3", "3502", "lobby_manager"),
            ("f1", "3501", "field_manager"), ("f2", "3502", "field_manager"),
        ):  # fmt: skip
            house.hire(staff_no, org_id, role)
        store.write(lambda unit: assign_portfolio(unit, "f1", "p1", house.auth.now()))
        yield Ledger(house, store)


def _found(connection):
    add_org(connection, OrgRow(org_id="35", name="甲农商行", level="bank"))
    for org_id in ("3501", "3502"):
        add_org(connection, OrgRow(org_id=org_id, name=f"{org_id}支行", level="branch", parent="35"))
    add_portfolio(connection, "p1", "3501")
