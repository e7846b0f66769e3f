"""A shell in an empty database, and one in a small demonstration bank."""

from shutil import copy

import pytest

from tests.backend.commands.shell import Shell


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
