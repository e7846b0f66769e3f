"""Two branches with a ledger of contacts, on both databases."""

import pytest

from backend.auth.staffing import assign_portfolio
from backend.domain.orgs.queries import OrgRow, add_org
from backend.domain.staff.queries import add_portfolio
from tests.backend.auth.people import Clock, open_house
from tests.backend.marketing.ledger import Ledger
from tests.support.databases import open_store


@pytest.fixture
def ledger(url):
    with open_store(url) as store:
        house = open_house(store, Clock())
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
