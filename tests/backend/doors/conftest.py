"""A server on a fresh SQLite file, its people, and tablets that are signed in."""

import pytest
from litestar.testing import TestClient

from backend.app import create_app
from backend.domain.orgs.queries import OrgRow
from tests.backend.auth.people import add_orgs
from tests.backend.doors.tablets import Staffing
from tests.support.cheap import cheap_settings

ORGS = (
    OrgRow(org_id="FJ", name="联合社", level="union"),
    OrgRow(org_id="35", name="甲农商行", level="bank", parent="FJ"),
    OrgRow(org_id="3501", name="甲一支行", level="branch", parent="35"),
    OrgRow(org_id="3502", name="甲二支行", level="branch", parent="35"),
    OrgRow(org_id="36", name="乙农商行", level="bank", parent="FJ"),
)


@pytest.fixture
def settings(data_dir):
    """Settings of a server on a migrated database."""
    return cheap_settings(data_dir=str(data_dir), file_bytes_max=100_000, sign_in_per_install_min=1000)


@pytest.fixture
def app(settings):
    return create_app(settings)


@pytest.fixture
def client(app):
    with TestClient(app, raise_server_exceptions=False) as client:
        add_orgs(app.state.house.store, *ORGS)
        yield client


@pytest.fixture
def staffing(app, client):
    return Staffing(app.state.house.auth, client)


@pytest.fixture
def tablet(staffing):
    """A lobby manager's tablet in branch 3501."""
    staffing.hire("lobby", "3501", "lobby_manager")
    return staffing.tablet("lobby")
