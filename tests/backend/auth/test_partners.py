"""Partners: a queue machine or a teller system shows its key, and nobody else can."""

import pytest
from litestar import Litestar, get
from litestar.di import NamedDependency
from litestar.testing import TestClient
from sqlalchemy import select

from backend.auth.errors import Revoked, Unauthenticated
from backend.auth.partners import (
    Partner,
    PartnerSort,
    add_partner,
    identify_partner,
    require_sort,
    revoke_partner,
)
from backend.auth.revocation import revoke_install
from backend.auth.routes import provide_auth
from backend.auth.tables import partner
from backend.domain.devices.queries import find_install
from backend.errors import EXCEPTION_HANDLERS
from sync.errors import Forbidden, Malformed, NotFound


@pytest.fixture
def machine(house):
    return add_partner(house.auth, PartnerSort.MACHINE, "3501", "门口的机器", "admin")


def show(house, key):
    return identify_partner(house.auth, f"Bearer {key}")


def test_a_key_tells_which_system_asks(house, machine):
    assert show(house, machine.key) == machine.partner
    assert (machine.partner.sort, machine.partner.org_id) == ("machine", "3501")
    teller = add_partner(house.auth, PartnerSort.TELLER, "35", "柜面系统", "admin")
    assert show(house, teller.key).install_id is None


def test_a_machine_is_an_install_with_the_next_letter_of_its_branch(house, machine):
    house.tablet("3501")
    second = add_partner(house.auth, PartnerSort.MACHINE, "3501", "另一台", "admin")
    rows = house.auth.store.read(
        lambda look: [find_install(look.connection, str(one.partner.install_id)) for one in (machine, second)]
    )
    assert [row.letter for row in rows] == ["A", "C"]


def test_of_the_key_only_a_hash_is_kept(house, machine):
    (row,) = house.auth.store.read(lambda look: look.connection.execute(select(partner)).all())
    assert machine.key.partition(".")[2] not in str(row)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda key: "",
        lambda key: f"Basic {key}",
        lambda key: f"Bearer {key}x",
        lambda key: f"Bearer {key.removeprefix('padsync_')}",
        lambda key: f"Bearer {key.replace('.', '', 1)}",
        lambda key: "Bearer padsync_m-000000000000." + key.partition(".")[2],
        lambda key: f"Bearer {key}{'x' * 200}",
        lambda key: f"Bearer {key[:-1]}é",
    ],
)
def test_what_is_not_the_key_opens_nothing(house, machine, spoil):
    with pytest.raises(Unauthenticated):
        identify_partner(house.auth, spoil(machine.key))


def test_a_revoked_partner_is_told_so_and_its_install_ends_with_it(house, machine):
    for _ in range(2):
        revoke_partner(house.auth, machine.partner.partner_id, "admin", "sold")
    with pytest.raises(Revoked):
        show(house, machine.key)
    install = house.auth.store.read(lambda look: find_install(look.connection, machine.partner.install_id))
    assert install.revoked_at is not None
    assert house.audited("org:3501") == [("add_partner", "ok"), ("revoke_partner", "ok")]


def test_a_machine_whose_install_was_revoked_is_shut_out_too(house, machine):
    revoke_install(house.auth, machine.partner.install_id, "admin")
    with pytest.raises(Revoked):
        show(house, machine.key)


def test_a_machine_stands_in_a_branch_and_everything_in_an_institution(house):
    with pytest.raises(Malformed):
        add_partner(house.auth, PartnerSort.MACHINE, "35", "x", "admin")
    with pytest.raises(NotFound):
        add_partner(house.auth, PartnerSort.TELLER, "nowhere", "x", "admin")
    with pytest.raises(NotFound):
        revoke_partner(house.auth, "m-000000000000", "admin")


def test_one_sort_of_partner_does_not_pass_for_another(machine):
    require_sort(machine.partner, PartnerSort.MACHINE)
    with pytest.raises(Forbidden):
        require_sort(machine.partner, PartnerSort.TELLER)


@get("/which", sync_to_thread=False)
def which(partner: NamedDependency[Partner]) -> dict[str, str]:
    """Any door for systems."""
    return {"partner_id": partner.partner_id}


def test_a_door_learns_which_system_asks_and_no_token_of_a_person_opens_it(house, machine):
    app = Litestar([which], dependencies=provide_auth(house.auth), exception_handlers=EXCEPTION_HANDLERS)
    tablet = house.tablet()
    tablet.sign_in("lobby")
    with TestClient(app) as client:
        told = client.get("/which", headers={"Authorization": f"Bearer {machine.key}"})
        assert told.json() == {"partner_id": machine.partner.partner_id}
        assert client.get("/which", headers={"Authorization": tablet.bearer}).status_code == 401
    with pytest.raises(Unauthenticated):
        house.guard.authenticate(f"Bearer {machine.key}")
