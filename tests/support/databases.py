"""Migrated databases for tests, of each sort: made once in a test process, and copied for each test.

A folder takes the fixtures by importing them into its `conftest.py`.
"""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from shutil import copy

import pytest

from backend.app import PROJECTIONS
from backend.domain.handoffs import list_reactions
from backend.migrations import migrate
from backend.registry import KINDS
from backend.settings import Settings
from backend.storage.engine import make_engine
from backend.storage.reactions import Reactions
from backend.storage.sql_store import SqlStore
from tests.support.postgres import Postgres


def open_store(url: str, settings: Settings | None = None) -> SqlStore:
    """Return the store of a database as a server has it, but that visits are judged with their push."""
    reactions = Reactions(KINDS, list_reactions(settings or Settings()))
    return SqlStore(make_engine(url), PROJECTIONS, reactions=reactions)


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file at the newest revision, to be copied and never used."""
    file = tmp_path_factory.mktemp("migrated") / "padsync.db"
    migrate(f"sqlite:///{file}")
    return file


@pytest.fixture
def sqlite_url(tmp_path: Path, migrated_file: Path) -> str:
    """The URL of a migrated SQLite file without a row but its epoch."""
    copy(migrated_file, tmp_path / "padsync.db")
    return f"sqlite:///{tmp_path}/padsync.db"


@pytest.fixture
def data_dir(tmp_path: Path, migrated_file: Path) -> Path:
    """A server's data folder: a migrated SQLite file, and nothing else."""
    folder = tmp_path / "data"
    folder.mkdir()
    copy(migrated_file, folder / "padsync.db")
    return folder


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """The server of this test process, in a short path of its own: its socket lies there too."""
    server = Postgres(Path(tempfile.mkdtemp(prefix="padsync-pg-")))
    yield server
    server.stop()


@pytest.fixture(scope="session")
def migrated_template(postgres: Postgres) -> str:
    """The name of a PostgreSQL database at the newest revision, to be copied and never used."""
    name = postgres.new_database()
    migrate(postgres.url(name))
    return name


@pytest.fixture
def empty_postgres_url(postgres: Postgres) -> Iterator[str]:
    """The URL of a PostgreSQL database without any table, gone after the test."""
    name = postgres.new_database()
    yield postgres.url(name)
    postgres.drop_database(name)


@pytest.fixture
def postgres_url(postgres: Postgres, migrated_template: str) -> Iterator[str]:
    """The URL of a migrated PostgreSQL database without a row but its epoch, gone after the test."""
    name = postgres.new_database(migrated_template)
    yield postgres.url(name)
    postgres.drop_database(name)


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest) -> str:
    """The URL of a migrated database, of each sort."""
    return str(request.getfixturevalue("sqlite_url" if request.param == "sqlite" else "postgres_url"))
