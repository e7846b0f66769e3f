"""`padsync migrate`: for this program's database only, as often as one likes, and for nobody else to read."""

import sqlite3
import stat

from tests.backend.commands.shell import Shell


def test_migrating_twice_is_harmless(empty):
    assert "at this version's schema" in empty.run("migrate").output


def test_nobody_else_on_the_machine_may_read_the_database(tmp_path):
    (tmp_path / "shared").mkdir(mode=0o755)
    shell = Shell(tmp_path / "shared")
    shell.run("migrate")
    assert stat.S_IMODE((shell.folder / "padsync.db").stat().st_mode) == 0o600


def test_a_database_of_a_newer_program_is_left_alone_in_plain_words(empty):
    with sqlite3.connect(empty.folder / "padsync.db") as database:
        database.execute("UPDATE alembic_version SET version_num = '9999_tomorrow'")
    database.close()
    said = empty.run("migrate", code=1).output
    assert "9999_tomorrow" in said
    assert "Nothing was changed" in said
