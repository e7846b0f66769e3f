"""Who is let in and who is shut out: institutions, administrators, codes, partners; nothing revoked until told."""

import pytest

from backend.auth.errors import Revoked
from backend.auth.partners import identify_partner
from backend.domain.devices.queries import find_code
from backend.domain.devices.rules import hash_code
from backend.domain.orgs.queries import list_orgs
from tests.backend.commands.shell import people


def test_a_bank_begins_with_its_union_and_an_administrator(empty):
    empty.run("add-org", "35", "某联合社", "--level", "union")
    empty.run("add-org", "3501", "某农商行", "--level", "bank", "--parent", "35", "--lat", "26.1", "--lon", "119.3")
    empty.run("create-admin", "A1", "某人", "--org-id", "35", typed="Tulou-1308\n")
    orgs = empty.look(lambda house: house.store.read(lambda look: list_orgs(look.connection)))
    assert [org.org_id for org in orgs] == ["35", "3501"]
    assert empty.look(lambda house: people(house, "A1")).roles == {"administrator"}
    assert empty.look(lambda house: len(house.store.read(lambda look: look.rows("catalog", 0, 10)))) == 2


def test_an_institution_hangs_below_the_next_level_up_or_is_refused(empty):
    empty.run("add-org", "35", "某联合社", "--level", "union")
    assert "--parent" in empty.run("add-org", "350101", "某支行", "--level", "branch", "--parent", "35", code=2).output
    assert "there already" in empty.run("add-org", "35", "again", "--level", "union", code=1).output


def test_a_weak_password_makes_no_administrator(empty):
    empty.run("add-org", "35", "某联合社", "--level", "union")
    assert "password" in empty.run("create-admin", "A1", "某人", "--org-id", "35", typed="short\n", code=1).output
    assert empty.look(lambda house: people(house, "A1")) is None


def test_enrolment_codes_are_printed_one_a_line_and_known_to_the_server(seeded):
    codes = seeded.run("enrolment-code", "350101", "--count", 3).stdout.split()
    assert len(set(codes)) == 3
    found = seeded.look(
        lambda house: house.store.write(lambda unit: [find_code(unit.connection, hash_code(code)) for code in codes])
    )  # fmt: skip
    assert [row.org_id for row in found if row] == ["350101"] * 3


def test_a_code_for_an_institution_that_is_not_there_is_refused_in_plain_words(seeded):
    assert "There is no org_id nowhere" in seeded.run("enrolment-code", "nowhere", code=1).output


def test_revoking_changes_nothing_until_told(seeded):
    said = seeded.run("revoke", "person", "L350101-1").output
    assert "Nothing was changed" in said
    assert seeded.look(lambda house: people(house, "L350101-1")).revoked_at is None
    seeded.run("revoke", "person", "L350101-1", "--reason", "left", "--apply")
    assert seeded.look(lambda house: people(house, "L350101-1")).revoked_at is not None


def test_revoking_somebody_who_is_not_there_fails(seeded):
    assert "There is no" in seeded.run("revoke", "person", "nobody", "--apply", code=1).output
    missing = "00000000-0000-4000-8000-000000000000"
    assert "There is no" in seeded.run("revoke", "install", missing, "--apply", code=1).output


def test_revoking_somebody_who_is_not_there_is_told_before_it_is_done(seeded):
    assert "There is no staff_no nobody" in seeded.run("revoke", "person", "nobody", code=1).output
    assert "There is no install_id nothing" in seeded.run("revoke", "install", "nothing", code=1).output


def test_a_queue_machine_is_added_and_shut_out_only_with_apply(seeded):
    key = seeded.run("add-partner", "machine", "350101", "门口的机器").stdout.strip()
    partner_id = key.removeprefix("padsync_").partition(".")[0]

    def is_let_in():
        return seeded.look(lambda house: identify_partner(house.auth, f"Bearer {key}")).partner_id == partner_id

    assert "would be" in seeded.run("revoke", "partner", partner_id).output
    assert is_let_in()
    seeded.run("revoke", "partner", partner_id, "--reason", "sold", "--apply")
    with pytest.raises(Revoked):
        is_let_in()
    assert "partner_id" in seeded.run("revoke", "partner", "m-1", code=1).output
