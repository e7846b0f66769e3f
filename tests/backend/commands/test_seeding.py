"""A demonstration bank is made once, in an empty database, and lets its people in."""

import stat

import msgspec

from backend.demo.credentials import read_credentials
from backend.domain.compliance.jobs.closing import bank_day
from backend.domain.compliance.queries.obligations import load_figures
from tests.backend.commands.shell import Shell, people


def test_the_credentials_file_lets_people_in(seeded):
    file = seeded.folder / "credentials.json"
    known = read_credentials(file)
    assert len(known.staff) == 24
    assert all(len(known.codes_of(person.org_id)) >= 3 for person in known.staff)
    passwords = seeded.look(
        lambda house: [
            house.auth.passwords.is_right(person.password, people(house, person.staff_no).password_hash)
            for person in known.staff[:3]
        ]
    )
    assert passwords == [True, True, True]


def test_whoever_tries_the_bank_finds_duties_that_somebody_owes(seeded):
    def figures(house):
        month = bank_day(house.engine.clock()).isoformat()[:7]
        return house.store.read(lambda look: load_figures(look.connection, month, ["350101", "350601", "350801"]))

    found = {(owner, code): numbers for _, owner, code, numbers in seeded.look(figures)}
    assert {code for _, code in found} == {"loan_visit"}
    assert all(owner.startswith("F") and numbers.required for (owner, _), numbers in found.items())


def test_seeding_writes_a_file_that_nobody_else_may_read(tmp_path):
    shell, file = Shell(tmp_path / "data"), tmp_path / "who.json"
    file.write_text("old")
    file.chmod(0o644)
    shell.run("seed-demo", "--write-credentials", file, "--customers", 10)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert msgspec.json.decode(file.read_bytes())["staff"]


def test_a_bank_that_is_there_is_never_seeded_over(seeded):
    done = seeded.run("seed-demo", "--write-credentials", seeded.folder / "other.json", code=1)
    assert "empty" in done.output
    assert not (seeded.folder / "other.json").exists()


def test_the_bank_can_be_seeded_on_postgresql(tmp_path, empty_postgres_url):
    shell = Shell(tmp_path)
    shell.environ["PADSYNC_DATABASE_URL"] = empty_postgres_url
    shell.run("seed-demo", "--write-credentials", tmp_path / "who.json", "--customers", 30)
    assert "35 streams" in shell.run("verify-audit").output
    assert len(shell.run("enrolment-code", "350802").stdout.split()) == 1
