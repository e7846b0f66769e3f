"""The command line: harmless until told, plain words, exit codes, and the same deeds as over the API."""

import socket
import sqlite3
import stat
from shutil import copy

import msgspec
import pytest
from click.testing import CliRunner

from backend.app import House
from backend.auth.errors import Revoked
from backend.auth.partners import identify_partner
from backend.cli import COMMANDS, main
from backend.demo.credentials import read_credentials
from backend.demo.day.server import free_port
from backend.domain.compliance.jobs.closing import bank_day
from backend.domain.compliance.queries.obligations import load_figures
from backend.domain.devices.queries import find_code
from backend.domain.devices.rules import hash_code
from backend.domain.orgs.queries import list_orgs
from backend.domain.staff.queries import find_staff
from backend.line.series import read_series
from backend.settings import Settings, list_settings
from sync.challenge import is_proven
from sync.puts import Put
from tests.support.postgres import empty_postgres_url, postgres

__all__ = ["empty_postgres_url", "postgres"]


class Shell:
    """A shell in one data folder."""

    def __init__(self, folder):
        self.folder = folder
        self.settings = Settings(data_dir=str(folder))
        self.environ = {"PADSYNC_DATA_DIR": str(folder), "PADSYNC_DATABASE_URL": None}

    def run(self, *args, typed=None, code=0, **environ):
        done = CliRunner(env=self.environ | environ).invoke(main, [str(arg) for arg in args], input=typed)
        assert done.exit_code == code, (done.output, done.exception)
        return done

    def look(self, ask):
        """Return what `ask` finds in the server's parts."""
        house = House(self.settings)
        try:
            return ask(house)
        finally:
            house.close()


@pytest.fixture(scope="session")
def seeded_folder(tmp_path_factory):
    """A small demonstration bank, made once by the command itself."""
    shell = Shell(tmp_path_factory.mktemp("seeded"))
    shell.run("seed-demo", "--write-credentials", shell.folder / "credentials.json", "--customers", 40)
    return shell.folder


@pytest.fixture
def seeded(seeded_folder, tmp_path):
    for name in ("padsync.db", "credentials.json"):
        copy(seeded_folder / name, tmp_path / name)
    return Shell(tmp_path)


@pytest.fixture
def empty(tmp_path):
    shell = Shell(tmp_path)
    shell.run("migrate")
    return shell


def people(house, staff_no):
    return house.store.read(lambda look: find_staff(look.connection, staff_no))


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_says_what_it_does(command):
    done = CliRunner().invoke(main, [command, "--help"])
    assert done.exit_code == 0
    assert len(done.output.splitlines()) > 3


def test_an_unknown_command_is_asked_wrongly(tmp_path):
    assert "No such command" in Shell(tmp_path).run("nope", code=2).output


def test_an_unknown_setting_is_named(tmp_path):
    done = Shell(tmp_path).run("migrate", PADSYNC_NOPE="1", code=2)
    assert "PADSYNC_NOPE" in done.output


def test_the_settings_table_names_every_setting(tmp_path):
    printed = Shell(tmp_path).run("settings").output
    assert [name for name, _, _ in list_settings() if f"`{name}`" not in printed] == []


def test_a_command_on_a_database_that_was_never_migrated_says_what_to_do(tmp_path):
    done = Shell(tmp_path).run("enrolment-code", "35", code=1)
    assert "padsync migrate" in done.output
    assert list(tmp_path.iterdir()) == []
    assert "padsync migrate" in Shell(tmp_path).run("serve", PADSYNC_PORT=str(free_port()), code=1).output


@pytest.mark.parametrize("command", [["serve", "--migrate"], ["demo", "--serve"]])
def test_a_port_that_is_taken_is_told_before_anything_is_made(tmp_path, command):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        said = Shell(tmp_path).run(*command, PADSYNC_PORT=port, code=1).output
    assert "PADSYNC_PORT" in said
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [("PADSYNC_PORT", "abc", "a whole number from 1 to 65535"), ("PADSYNC_LOG_LEVEL", "loud", "one of debug, info")],
)
def test_a_setting_that_cannot_be_used_says_what_may_stand_there(tmp_path, name, value, told):
    assert f"{name} must be {told}" in Shell(tmp_path).run("migrate", code=2, **{name: value}).output


@pytest.mark.parametrize("folder", ["/proc/nothing", "a-file"])
def test_a_data_folder_that_cannot_be_made_is_named(tmp_path, folder):
    (tmp_path / "a-file").touch()
    assert f"{tmp_path / folder} cannot be used" in Shell(tmp_path / folder).run("migrate", code=1).output


def test_a_server_does_not_begin_in_a_folder_that_cannot_be_written(empty, monkeypatch):
    monkeypatch.setattr("os.access", lambda path, _mode: str(path) != str(empty.folder))
    assert "cannot be written" in empty.run("serve", PADSYNC_PORT=str(free_port()), code=1).output


def test_nobody_else_on_the_machine_may_read_the_database(tmp_path):
    (tmp_path / "shared").mkdir(mode=0o755)
    shell = Shell(tmp_path / "shared")
    shell.run("migrate")
    assert stat.S_IMODE((shell.folder / "padsync.db").stat().st_mode) == 0o600


def test_migrating_twice_is_harmless(empty):
    assert "at this version's schema" in empty.run("migrate").output


def test_a_database_of_a_newer_program_is_left_alone_in_plain_words(empty):
    with sqlite3.connect(empty.folder / "padsync.db") as database:
        database.execute("UPDATE alembic_version SET version_num = '9999_tomorrow'")
    database.close()
    said = empty.run("migrate", code=1).output
    assert "9999_tomorrow" in said
    assert "Nothing was changed" in said


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


def test_compacting_counts_first_and_drops_only_when_told(seeded):
    seeded.look(delete_a_product)
    assert "\n0 feed rows would go" in "\n" + seeded.run("compact").output  # what is new may not be forgotten yet
    seeded.look(let_years_pass)
    assert "\n1 feed rows would go" in "\n" + seeded.run("compact").output
    assert "1 feed rows dropped from 1 buckets" in seeded.run("compact", "--apply").output
    assert "\n0 feed rows would go" in "\n" + seeded.run("compact").output


def delete_a_product(house):
    product = next(
        row for row in house.store.read(lambda look: look.rows("catalog", 0, 100)) if row.kind == "product"
    )  # fmt: skip
    house.engine.put_records([Put(kind="product", id=product.id, body=None)], "test")


def let_years_pass(house):
    sql = "UPDATE membership SET at = '2020-01-01T00:00:00.000Z'"
    house.store.write(lambda unit: unit.connection.exec_driver_sql(sql).rowcount)


def test_a_backup_comes_back_as_a_new_epoch_but_only_when_told(seeded):
    file = seeded.folder / "monday.padsync"
    assert "bytes" in seeded.run("backup", file).output
    before = seeded.look(lambda house: house.epoch)
    seeded.run("revoke", "person", "L350101-1", "--apply")
    assert "Nothing was changed" in seeded.run("restore", file).output
    assert seeded.look(lambda house: people(house, "L350101-1")).revoked_at is not None
    assert "Restored" in seeded.run("restore", file, "--apply").output
    assert seeded.look(lambda house: people(house, "L350101-1")).revoked_at is None
    assert seeded.look(lambda house: house.epoch) != before


def test_a_backup_without_a_place_or_a_database_says_so(seeded, tmp_path):
    assert "cannot be used" in seeded.run("backup", seeded.folder / "nowhere" / "monday.padsync", code=1).output
    said = Shell(tmp_path / "other").run("backup", tmp_path / "monday.padsync", code=1).output
    assert "padsync migrate" in said


def test_a_restore_waits_until_no_server_works_on_the_database(seeded):
    file = seeded.folder / "monday.padsync"
    seeded.run("backup", file)
    house = House(seeded.settings)
    house.clockwork.start()
    try:
        assert "Stop all servers" in seeded.run("restore", file, "--apply", code=1).output
        assert house.store.read(lambda look: look.epoch()) == house.epoch
    finally:
        house.close()
    seeded.run("restore", file, "--apply")


def test_a_restore_on_postgresql_waits_for_servers_too(tmp_path, empty_postgres_url):
    shell, file = Shell(tmp_path), tmp_path / "monday.padsync"
    shell.environ["PADSYNC_DATABASE_URL"] = empty_postgres_url
    shell.run("migrate")
    shell.run("backup", file)
    house = House(Settings(data_dir=str(tmp_path), database_url=empty_postgres_url))
    house.clockwork.start()
    try:
        assert "Stop all servers" in shell.run("restore", file, "--apply", code=1).output
    finally:
        house.close()
    assert "Restored" in shell.run("restore", file, "--apply").output


def test_a_database_that_is_no_database_is_told_in_a_sentence(seeded):
    (seeded.folder / "padsync.db").write_text("not a database " * 1000)
    assert "does not answer" in seeded.run("verify-audit", code=1).output


def test_a_file_that_is_no_backup_restores_nothing(seeded):
    file = seeded.folder / "letter.txt"
    file.write_text("dear bank")
    seeded.run("restore", file, "--apply", code=1)
    assert seeded.look(lambda house: people(house, "A35")) is not None


def test_a_changed_audit_entry_is_named_with_exit_code_1(seeded):
    assert "whole" in seeded.run("verify-audit", "--anchor").output
    seeded.look(forge)
    done = seeded.run("verify-audit", code=1)
    assert "BROKEN staff:A35 at 1" in done.output


def forge(house):
    sql = "UPDATE audit_entry SET actor = 'me' WHERE stream = 'staff:A35' AND position = 1"
    house.store.write(lambda unit: unit.connection.exec_driver_sql(sql).rowcount)


def test_a_proof_of_the_command_is_a_proof_for_the_server(tmp_path):
    shell, file = Shell(tmp_path), tmp_path / "device.pem"
    jwk = shell.run("device-key", file).output.strip()
    assert shell.run("device-key", file).output.strip() == jwk
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    proof = shell.run("sign-proof", file, "-a--challenge", "i", "s").output.strip()
    assert is_proven(jwk.encode(), ("-a--challenge",), "i", "s", proof)
    assert not is_proven(jwk.encode(), ("another",), "i", "s", proof)


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


def test_series_are_set_when_told_and_only_then(seeded):
    assert "P=老弱病残军优先" in seeded.run("set-series", "350101", "A=现金业务").output
    series = lambda branch: seeded.look(lambda house: house.store.read(lambda look: read_series(look, branch)))  # noqa: E731 - one look
    assert len(series("350101")) == 4
    assert "now: A=现金业务" in seeded.run("set-series", "350101", "A=现金业务", "--apply").output
    assert (series("350101"), len(series("350102"))) == ({"A": "现金业务"}, 4)
    seeded.run("set-series", "bank", "A=个人业务", "B=对公业务", "--apply")
    assert (list(series("350101")), list(series("350102")), list(series("350802"))) == (["A"], ["A", "B"], ["A", "P"])
    seeded.run("set-series", "350101", "--apply")
    assert list(series("350101")) == ["A", "B"]
    assert "no branch 3509" in seeded.run("set-series", "3509", "A=x", code=1).output
    for wrong in ("A", "a=x", "A="):
        seeded.run("set-series", "350101", wrong, code=2)
    seeded.run("set-series", "350101", "A=x", "A=y", code=2)


def test_a_catalog_is_written_out_changed_and_read_in_again(seeded, tmp_path):
    told = seeded.run("export-catalog").output.splitlines()
    lines = {line["body"]["code"]: line for line in map(msgspec.json.decode, told)}
    assert {line["kind"] for line in lines.values()} == {"product", "script", "code_list", "form_template"}
    file = tmp_path / "catalog.jsonl"

    def bring(*wanted, **asked):
        file.write_bytes(b"\n".join(map(msgspec.json.encode, wanted)))
        return seeded.run("import-catalog", file, *(["--apply"] if asked.pop("apply", False) else []), **asked).output

    def catalog():
        found = map(msgspec.json.decode, seeded.run("export-catalog").output.splitlines())
        return {line["body"]["code"]: line for line in found}

    file.write_text("\n".join(told), encoding="utf-8")
    assert seeded.run("import-catalog", file, "--apply").output == "put: nothing\n"
    fresh = {"kind": "product", "body": {"code": "W499", "name": "新理财", "family": "wealth", "risk": 2}}
    renamed = {"kind": "product", "body": lines["D102"]["body"] | {"name": "整存整取"}}
    assert "would put: 1 product known · 1 product new" in bring(fresh, renamed)
    assert catalog() == lines
    assert bring(fresh, renamed, apply=True) == "put: 1 product changed · 1 product new\n"
    assert bring(fresh, renamed, apply=True) == "put: nothing\n"
    now = catalog()
    assert now.keys() - lines.keys() == {"W499"}
    assert (now["D102"]["id"], now["D102"]["body"]["name"]) == (lines["D102"]["id"], "整存整取")
    assert now["W499"]["body"] == {"code": "W499", "name": "新理财", "family": "wealth", "risk": 2}


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ({"kind": "customer", "body": {"code": "x"}}, "`kind` must be one of"),
        ({"kind": "product", "body": {"code": "x", "name": "y", "family": "z", "risk": 9}}, "risk"),
        ({"kind": "product", "body": {"name": "y"}}, "code"),
        ({"kind": "product", "body": {}, "rate": 1}, "rate"),
        ({"kind": "script", "body": {"code": "s", "title": "t", "steps": [{"key": "a"}, {"key": "a"}]}}, "steps"),
        (
            {"kind": "form_template", "body": {"code": "f", "title": "t", "template_version": 1, "fields": [
                {"key": "card_pin", "label": "x", "type": "text"}]}},
            "authenticates",
        ),
    ],
)  # fmt: skip
def test_a_catalog_that_does_not_hold_is_refused_as_a_whole(seeded, tmp_path, line, said):
    good = {"kind": "product", "body": {"code": "W498", "name": "好", "family": "wealth"}}
    (tmp_path / "catalog.jsonl").write_bytes(msgspec.json.encode(good) + b"\n" + msgspec.json.encode(line))
    output = seeded.run("import-catalog", tmp_path / "catalog.jsonl", "--apply", code=1).output
    assert "line 2: " in output
    assert said in output
    assert "W498" not in seeded.run("export-catalog").output


def test_a_catalog_names_a_record_once(seeded, tmp_path):
    good = msgspec.json.encode({"kind": "product", "body": {"code": "W498", "name": "好", "family": "wealth"}})
    (tmp_path / "catalog.jsonl").write_bytes(good + b"\n" + good)
    assert "product W498 stands twice" in seeded.run("import-catalog", tmp_path / "catalog.jsonl", code=1).output
