"""Backup, restore, compaction, the audit chain and keys: harmless until told, and true to the server."""

import stat

from backend.app import House
from backend.settings import Settings
from sync.challenge import is_proven
from sync.puts import Put
from tests.backend.commands.shell import Shell, people


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


def test_a_file_that_is_no_backup_restores_nothing(seeded):
    file = seeded.folder / "letter.txt"
    file.write_text("dear bank")
    seeded.run("restore", file, "--apply", code=1)
    assert seeded.look(lambda house: people(house, "A35")) is not None


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
