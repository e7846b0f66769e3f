"""A real server with people and tablets, for tests that need sockets, signals and other people's clients."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from backend.app import House
from backend.domain.orgs.queries import OrgRow, add_org
from backend.migrations import migrate
from tests.backend.doors.tablets import HttpTablet, Staffing
from tests.support.cheap import cheap_settings
from tests.support.server import Server, serving


class Bank:
    """A server in its own process, and the house that this process opens on the same database to prepare things."""

    def __init__(self, server: Server, house: House, client: httpx.Client) -> None:
        self.server = server
        self.house = house
        self.staffing = Staffing(house.auth, client)

    def tablet(self, staff_no: str, role: str = "lobby_manager") -> HttpTablet:
        self.staffing.hire(staff_no, "3501", role)
        return self.staffing.tablet(staff_no)


@contextmanager
def bank(folder: Path, **settings: str) -> Iterator[Bank]:
    """Serve a bank of one branch."""
    folder.mkdir(exist_ok=True)
    own = cheap_settings(data_dir=str(folder))
    migrate(own.database)
    house = House(own)
    house.store.write(lambda unit: add_org(unit.connection, OrgRow(org_id="3501", name="甲一支行", level="branch")))
    with serving(folder, **settings) as server, httpx.Client(base_url=server.url, timeout=30) as client:
        yield Bank(server, house, client)
    house.close()
