"""The schema's history, and the one way to move a database along it."""

from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, MetaData, text

import backend
from backend.storage.engine import make_engine
from backend.storage.metadata import metadata

DECLARING = ("tables", "models")  # the names of modules that declare tables
LOCK = 0x7061_6473  # any number that nobody else locks


def migrate(url: str, revision: str = "head") -> None:
    """Bring a database to a revision (`head`, `base`, or an id), in one transaction; a missing SQLite file is made.

    Safe to run from several processes at once: the second waits, then finds nothing to do.
    """
    engine = make_engine(url, pool_size=1)
    try:
        with engine.begin() as connection:
            migrate_connection(connection, revision)
    finally:
        engine.dispose()


def migrate_connection(connection: Connection, revision: str = "head") -> None:
    """Bring a database to a revision inside the caller's transaction."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    move = command.downgrade if revision == "base" else command.upgrade
    move(config, revision)


def whole_metadata() -> MetaData:
    """Return the metadata with every table of every part."""
    for module in walk_packages(backend.__path__, "backend."):
        if module.name.rpartition(".")[2] in DECLARING:
            import_module(module.name)
    return metadata
