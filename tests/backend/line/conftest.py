"""A server with two branches, a queue machine in one, and time that passes only when told."""

import msgspec
import pytest
from litestar.testing import TestClient

from backend.app import create_app
from backend.auth.partners import PartnerSort, add_partner
from backend.demo.queue_machine import QueueMachine
from sync.moments import write_moment
from sync.store import Key
from tests.backend.auth.conftest import ORGS
from tests.backend.auth.people import Clock, add_orgs
from tests.backend.doors.tablets import Staffing
from tests.support.cheap import cheap_settings

DAY = "2026-11-21"


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def database_url():
    """A file in the data folder; tests that need both databases replace this."""
    return ""


@pytest.fixture
def app(data_dir, database_url, clock):
    settings = cheap_settings(data_dir=str(data_dir), database_url=database_url, sign_in_per_install_min=1000)
    return create_app(settings, clock=clock)


@pytest.fixture
def client(app):
    with TestClient(app, raise_server_exceptions=False) as client:
        add_orgs(app.state.house.store, *ORGS)
        yield client


@pytest.fixture
def house(app, client):
    return app.state.house


@pytest.fixture
def make_machine(house, client, clock):
    """Install a queue machine in a branch."""

    def make(branch="3501", series="A"):
        made = add_partner(house.auth, PartnerSort.MACHINE, branch, "机器", "test")
        return QueueMachine(client, made.key, lambda: write_moment(clock()), series=series)

    return make


@pytest.fixture
def machine(make_machine):
    return make_machine()


@pytest.fixture
def staffing(house, client):
    staffing = Staffing(house.auth, client)
    staffing.hire("lobby", "3501", "lobby_manager")
    return staffing


@pytest.fixture
def tablet(staffing):
    return staffing.tablet("lobby")


@pytest.fixture
def body(house):
    """Return a record's body, every field of it."""

    def read(kind, id):
        stored = house.store.read(lambda look: look.records([Key(kind, id)]))[Key(kind, id)]
        return house.engine.kinds[kind].read(stored.body)

    return read


@pytest.fixture
def account(house):
    """Return the account of one series of branch 3501."""

    def read(date=DAY, branch="3501", series="A"):
        report = house.engine.account_numbers(branch, date)
        return next(line for line in report.lines if line.series == series)

    return read


def told(answer):
    """Return what an answer says, without the token and what is absent."""
    return {name: value for name, value in msgspec.to_builtins(answer).items() if name != "token"}
