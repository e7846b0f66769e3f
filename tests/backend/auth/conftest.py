"""A small bank with its people, on both databases, and tablets that enrol and sign in."""

import msgspec
import psycopg
import pytest
from litestar import Litestar, Router, get
from litestar.di import NamedDependency
from litestar.testing import TestClient
from psycopg import sql

from backend.auth.admin_routes import admin_routes
from backend.auth.gate import Gate
from backend.auth.routes import auth_routes, provide_auth
from backend.domain.orgs.queries import OrgRow, add_org
from backend.domain.staff.queries import add_portfolio
from backend.errors import EXCEPTION_HANDLERS
from backend.migrations import whole_metadata
from backend.storage.engine import make_engine
from backend.storage.sql_store import SqlStore
from sync.kind import Actor
from tests.backend.auth.people import Clock, headers, open_house

ORGS = [
    OrgRow(org_id="FJ", name="联合社", level="union"),
    OrgRow(org_id="35", name="甲农商行", level="bank", parent="FJ"),
    OrgRow(org_id="36", name="乙农商行", level="bank", parent="FJ"),
    OrgRow(org_id="3501", name="甲一支行", level="branch", parent="35", lat=26.07, lon=119.29),
    OrgRow(org_id="3502", name="甲二支行", level="branch", parent="35"),
    OrgRow(org_id="3601", name="乙一支行", level="branch", parent="36"),
]


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture(scope="session")
def shared_postgres_url(postgres, migrated_template):
    """One database for all tests of this folder: to empty one is ten times quicker than to make one."""
    return postgres.url(postgres.new_database(migrated_template))


@pytest.fixture
def postgres_url(shared_postgres_url):
    yield shared_postgres_url
    tables = ", ".join(table.name for table in whole_metadata().sorted_tables if table.name != "epoch")
    with psycopg.connect(shared_postgres_url, autocommit=True) as connection:
        connection.execute(sql.SQL("TRUNCATE " + tables))


@pytest.fixture
def house(url, clock):
    """A union, two banks, three branches, and one person of each role."""
    with SqlStore(make_engine(url)) as store:
        house = open_house(store, clock)
        store.write(lambda unit: found(unit.connection))
        house.hire("lobby", "3501", "lobby_manager")
        house.hire("field", "3501", "field_manager")
        house.hire("boss", "35", "supervisor")
        house.hire("admin", "35", "administrator")
        house.hire("look", "FJ", "auditor")
        yield house


def found(connection):
    """Write the institutions and the portfolios of one branch."""
    for org in ORGS:
        add_org(connection, org)
    for portfolio_id in ("p1", "p2"):
        add_portfolio(connection, portfolio_id, "3501")


@get("/whoami", sync_to_thread=False)
def whoami(actor: NamedDependency[Actor]) -> dict[str, object]:
    """Any door that wants to know who asks."""
    return {"staff_no": actor.staff_no, "schema": actor.schema}


@pytest.fixture
def gate_clock():
    return [0.0]


@pytest.fixture
def client(house, gate_clock):
    gate = Gate(msgspec.structs.replace(house.auth.settings, sign_in_per_install_min=20), lambda: gate_clock[0])
    api = Router("/api/v1", route_handlers=[*auth_routes, *admin_routes, whoami])
    app = Litestar([api], dependencies=provide_auth(house.auth, gate), exception_handlers=EXCEPTION_HANDLERS)
    with TestClient(app, base_url="http://testserver.local/api/v1") as client:
        yield client


@pytest.fixture
def admin(house):
    """The headers of the bank's administrator, who is signed in."""
    tablet = house.tablet("35")
    tablet.sign_in("admin")
    return headers(tablet)
