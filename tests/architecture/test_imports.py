"""Nothing points the wrong way, and every new part of the house has a place in it."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.project import ROOMS, ROOT, pyproject


def lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    """Check the import contracts of the project that lies in `folder`."""
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-logo", "--no-cache"]
    return subprocess.run(command, cwd=folder, env={"PYTHONPATH": str(folder)}, capture_output=True, text=True)


@pytest.fixture
def house(tmp_path):
    """An empty house with this project's import contracts, to break on purpose."""
    (tmp_path / "pyproject.toml").write_text((ROOT / "pyproject.toml").read_text(encoding="utf-8"), encoding="utf-8")
    for package in (*ROOMS, "backend/domain"):
        (tmp_path / package).mkdir()
        (tmp_path / package / "__init__.py").touch()
    return tmp_path


def write_module(house: Path, name: str, source: str) -> None:
    *packages, module = name.split(".")
    folder = house
    for package in packages:
        folder /= package
        folder.mkdir(exist_ok=True)
        (folder / "__init__.py").touch()
    (folder / f"{module}.py").write_text(source, encoding="utf-8")


def test_the_import_contracts_hold():
    done = lint_imports(ROOT)
    assert done.returncode == 0, done.stdout + done.stderr


def test_an_empty_house_breaks_no_contract(house):
    done = lint_imports(house)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("contracts.push", "import sync"),
        ("contracts.push", "import litestar"),
        ("sync.push", "import backend"),
        ("sync.push", "import sqlalchemy"),
        ("sync.push", "import httpx"),
        ("backend.cellar.wine", "x = 1"),
        ("backend.storage.tables", "import backend.domain"),
        ("backend.domain.tickets.rules", "import sqlalchemy"),
        ("backend.domain.tickets.policy", "import time"),
        ("backend.domain.unheard_of.rules", "x = 1"),
        ("backend.domain.tickets.routes", "import backend.domain.visits"),
        ("backend.domain.tickets.routes", "import backend.domain.handoffs"),
    ],
)
def test_a_wrong_import_or_an_unplaced_part_is_noticed(house, module, source):
    write_module(house, "backend.domain.visits.rules", "x = 1")
    write_module(house, "backend.domain.handoffs", "x = 1")
    write_module(house, module, source)
    assert lint_imports(house).returncode == 1


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("backend.domain.handoffs", "import backend.domain.tickets, backend.domain.visits"),
        ("sync.tablet.transport", "import httpx"),
        ("sync.tablet.replica", "import sqlite3"),
    ],
)
def test_what_is_meant_to_be_allowed_is_allowed(house, module, source):
    write_module(house, "backend.domain.tickets.rules", "x = 1")
    write_module(house, "backend.domain.visits.rules", "x = 1")
    write_module(house, module, source)
    done = lint_imports(house)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("container", ["backend", "backend.domain"])
def test_the_layers_of_a_container_name_every_part_of_it(container):
    contract = next(c for c in pyproject()["tool"]["importlinter"]["contracts"] if c.get("containers") == [container])
    parts = {
        path.stem
        for path in ROOT.joinpath(*container.split(".")).iterdir()
        if (path.suffix == ".py" and path.stem != "__init__") or any(path.glob("*.py"))
    }
    placed = {name.strip(" \n()") for layer in contract["layers"] for name in layer.replace(":", "|").split("|")}
    assert parts - placed == set(), "name the new part in the layers of pyproject.toml"


def test_contracts_import_msgspec_and_nothing_else_from_outside():
    at_home = sys.stdlib_module_names | {"contracts", "msgspec"}
    for path in sorted((ROOT / "contracts").rglob("*.py")):
        assert imported_packages(path) - at_home == set(), path


def imported_packages(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names.add(node.module.partition(".")[0])
    return names
