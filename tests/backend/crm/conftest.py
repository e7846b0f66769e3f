"""A branch with two managers, customers, and an engine on both databases."""

import pytest

from backend.app import PROJECTIONS
from backend.auth.staffing import assign_portfolio
from backend.domain.orgs.queries import OrgRow, add_org
from backend.domain.staff.queries import add_portfolio
from backend.storage.engine import make_engine
from backend.storage.sql_store import SqlStore
from tests.backend.auth.people import Clock, open_house
from tests.backend.crm.town import Town


@pytest.fixture
def town(url):
    with SqlStore(make_engine(url), PROJECTIONS) as store:
        house = open_house(store, Clock())
        store.write(lambda unit: _found(unit.connection))
        house.hire("f1", "3501", "field_manager")
        house.hire("f2", "3502", "field_manager")
        house.hire("boss", "35", "supervisor")
        store.write(lambda unit: assign_portfolio(unit, "f1", "p1", house.auth.now()))
        store.write(lambda unit: assign_portfolio(unit, "f2", "p2", house.auth.now()))
        yield Town(house, store)


def _found(connection):
    add_org(connection, OrgRow(org_id="35", name="甲农商行", level="bank"))
    for org_id in ("3501", "3502"):
        add_org(connection, OrgRow(org_id=org_id, name=f"{org_id}支行", level="branch", parent="35"))
    for portfolio_id, org_id in (("p1", "3501"), ("p2", "3502"), ("p3", "3501")):
        add_portfolio(connection, portfolio_id, org_id)
