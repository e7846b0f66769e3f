"""What all commands share: settings from the environment, the opened server parts, progress, and plain refusals."""

import os
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from sqlalchemy.exc import OperationalError

from backend.app import House
from backend.migrations import migrate
from backend.settings import SettingInvalid, Settings, read_settings
from backend.storage.engine import UnusableUrl, make_engine
from backend.web.health import is_migrated
from backend.web.logs import configure_logs
from sync.errors import NotFound, SyncError

APPLY_HINT = "Nothing was changed. Add --apply to do it."
Progress = Callable[[int, int], None]


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
    except OperationalError as error:
        raise click.ClickException(f"The database does not answer: {error.orig}") from error


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
            f"Nothing can listen on {place} ({error.strerror}). Set PADSYNC_PORT or PADSYNC_HOST."
        ) from error


def prepare_database(settings: Settings) -> None:
    """Bring the database to this version's schema; the data folder is made, and is the server's alone."""
    Path(settings.data_dir).mkdir(parents=True, exist_ok=True, mode=0o700)
    with plain_words():
        migrate(settings.database)


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
    url = make_engine(settings.database, pool_size=1).url
    return url.get_backend_name() == "sqlite" and not os.path.exists(str(url.database))
