"""What all commands share: settings from the environment, the opened server parts, progress, and plain refusals."""

import os
import socket
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from alembic.util import CommandError
from sqlalchemy.exc import DatabaseError

from backend.app import House
from backend.jobs.leader import leadership_for
from backend.migrations import migrate
from backend.settings import SettingInvalid, Settings, read_settings
from backend.storage.backup import Progress
from backend.storage.engine import UnusableUrl, make_engine, read_url
from backend.web.health import is_migrated
from backend.web.logs import configure_logs
from sync.errors import NotFound, SyncError

APPLY = click.option("--apply", "is_applied", is_flag=True, help="Do it. Without this, only say what would happen.")
APPLY_HINT = "Nothing was changed. Add --apply to do it."


def settings_here() -> Settings:
    """Return the settings of this environment, or say which variable is wrong."""
    try:
        return read_settings(os.environ)
    except SettingInvalid as error:
        raise click.UsageError(f"{error}. `padsync settings` lists them all.") from error


@contextmanager
def opened(settings: Settings | None = None) -> Iterator[House]:
    """Open the server's parts without serving; what goes wrong inside is said in a sentence."""
    settings = settings or settings_here()
    configure_logs("warning", "console")
    with plain_words():
        check_migrated(settings)
        house = House(settings)
        try:
            yield house
        finally:
            house.close()


@contextmanager
def plain_words() -> Iterator[None]:
    """Turn refusals of the server's parts into messages for the operator, with exit code 1."""
    try:
        yield
    except UnusableUrl as error:
        raise click.UsageError(f"PADSYNC_DATABASE_URL: {error}") from error
    except NotFound as error:
        told = ", ".join(f"{name} {value}" for name, value in error.args_of_problem.items())
        raise click.ClickException(f"There is no {told or 'such thing'}.") from error
    except SyncError as error:
        told = ", ".join(f"{name} {value}" for name, value in error.args_of_problem.items())
        raise click.ClickException(
            " ".join(part for part in (error.detail or error.code.meaning, told) if part)
        ) from error
    except DatabaseError as error:
        raise click.ClickException(f"The database does not answer: {error.orig}") from error
    except sqlite3.DatabaseError as error:
        raise click.ClickException(f"The database cannot be copied: {error}") from error
    except OSError as error:
        place = error.filename or "A file"
        raise click.ClickException(
            f"{place} cannot be used: {error.strerror}. Look at the folder, at who may write there, and at its room."
        ) from error


@contextmanager
def alone(settings: Settings) -> Iterator[None]:
    """Keep servers away from the database for a while. Raises ClickException if one works on it now."""
    engine = make_engine(settings.database, pool_size=1)
    leadership = leadership_for(engine, Path(settings.data_dir))
    try:
        engine.connect().close()  # or an absent database would pass for a busy one
        if not leadership.hold():
            raise click.ClickException("A server works on this database. Stop all servers, then say it again.")
        yield
    finally:
        leadership.give_up()
        engine.dispose()


def check_there(settings: Settings) -> None:
    """Refuse a SQLite file that was never made."""
    if _is_missing(settings):
        raise click.ClickException(f"There is no database in {settings.data_dir}. Run `padsync migrate` first.")


def check_writable(settings: Settings) -> None:
    """Refuse to serve from a folder in which nothing can be kept."""
    if os.path.exists(settings.data_dir) and not os.access(settings.data_dir, os.W_OK):
        raise click.ClickException(
            f"{settings.data_dir} cannot be written. Set PADSYNC_DATA_DIR, or let this user write there."
        )


def check_migrated(settings: Settings) -> None:
    """Refuse a database that is not at this program's schema."""
    engine = make_engine(settings.database, pool_size=1)
    try:
        if _is_missing(settings) or not is_migrated(engine):
            raise click.ClickException("The database is not at this version's schema. Run `padsync migrate` first.")
    finally:
        engine.dispose()


def check_port(settings: Settings) -> None:
    """Refuse an address that this process cannot listen on, before anything else is begun."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        socket.create_server((settings.host, settings.port), family=family).close()
    except OSError as error:
        place = f"{settings.host}:{settings.port}"
        raise click.ClickException(
            f"Nothing can listen on {place} ({_reason(error)}). Set PADSYNC_PORT or PADSYNC_HOST."
        ) from error


def prepare_database(settings: Settings) -> None:
    """Bring the database to this version's schema; the data folder is made, and is the server's alone."""
    with plain_words():
        make_place(settings)
        try:
            migrate(settings.database)
        except CommandError as error:
            raise click.ClickException(
                f"The database is of another padsync, a newer one perhaps ({error}). Nothing was changed: "
                "use that version, or restore a backup that this one made."
            ) from error


def make_place(settings: Settings) -> None:
    """Make the data folder and SQLite's file, readable by nobody else even where the folder was there before."""
    Path(settings.data_dir).mkdir(parents=True, exist_ok=True, mode=0o700)
    url = read_url(settings.database)
    if url.get_backend_name() == "sqlite":
        file = Path(str(url.database))
        if not file.exists():
            file.touch(mode=0o600)  # SQLite gives its log the same rights


def progress_bar(label: str) -> Progress:
    """Return a callback that shows how far long work is; on a screen as one line, else a line each quarter."""
    shown = {"quarter": -1}

    def show(done: int, of: int) -> None:
        percent = 100 * done // of if of else 100
        if sys.stderr.isatty():
            click.echo(f"\r{label} {percent:3d} %", nl=done >= of, err=True)
        elif percent // 25 > shown["quarter"]:
            shown["quarter"] = percent // 25
            click.echo(f"{label} {percent} %", err=True)

    return show


def _is_missing(settings: Settings) -> bool:
    """Say whether SQLite would make a new file by looking at it."""
    url = read_url(settings.database)
    return url.get_backend_name() == "sqlite" and not os.path.exists(str(url.database))


def _reason(error: OSError) -> str:
    """Return the system's word; the library's own repeats the address."""
    return str(error.strerror) if isinstance(error, socket.gaierror) else os.strerror(error.errno or 0)
