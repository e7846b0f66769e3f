"""A lobby on both databases: two branches of one bank, and a manager in each."""

import pytest

from backend.domain.orgs.queries import OrgRow
from backend.settings import Settings
from tests.backend.auth.people import Clock, add_orgs, open_house
from tests.backend.customers.lobby import Lobby
from tests.support.databases import open_store

IDENTIFY_PER_HOUR = 20
ORGS = (("35", "union", None), ("3500", "bank", "35"), ("3501", "branch", "3500"), ("3502", "branch", "3500"))


@pytest.fixture
def lobby(url):
    clock = Clock()
    with open_store(url, Settings(identify_per_hour=IDENTIFY_PER_HOUR)) as store:
        add_orgs(store, *(OrgRow(org_id=id, name=id, level=level, parent=parent) for id, level, parent in ORGS))
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
