"""A lobby on both databases: two branches of one bank, and a manager in each."""

from functools import partial

import pytest

from backend.domain.orgs.queries import OrgRow, add_org
from backend.settings import Settings
from tests.backend.auth.people import Clock, open_house
from tests.backend.customers.lobby import Lobby
from tests.support.databases import open_store

IDENTIFY_PER_HOUR = 20
ORGS = (("35", "union", None), ("3500", "bank", "35"), ("3501", "branch", "3500"), ("3502", "branch", "3500"))


@pytest.fixture
def lobby(url):
    clock = Clock()
    with open_store(url, Settings(identify_per_hour=IDENTIFY_PER_HOUR)) as store:
        for org_id, level, parent in ORGS:
            store.write(partial(_found, OrgRow(org_id=org_id, name=org_id, level=level, parent=parent)))
        house = open_house(store, clock)
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
