"""What is asked wrongly, or cannot be done here, is told in plain words, and nothing is touched."""

import socket

import pytest
from click.testing import CliRunner

from backend.cli import COMMANDS, main
from backend.demo.day.server import free_port
from backend.settings import list_settings
from tests.backend.commands.shell import Shell


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


def test_a_database_that_is_no_database_is_told_in_a_sentence(seeded):
    (seeded.folder / "padsync.db").write_text("not a database " * 1000)
    assert "does not answer" in seeded.run("verify-audit", code=1).output
