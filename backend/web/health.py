"""Probes: is the process alive, and can it do its work now?"""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import structlog
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from litestar import Response, get
from litestar.di import NamedDependency
from sqlalchemy import Engine

from backend import migrations

FREE_BYTES_MIN = 200 * 1024 * 1024

Check = Callable[[], bool]
_log = structlog.get_logger("padsync.health")


class Readiness:
    """The checks that must all hold before requests are sent here."""

    def __init__(self, checks: dict[str, Check]) -> None:
        self._checks = checks

    def look(self) -> dict[str, bool]:
        """Return the result of every check; one that fails to run does not hold."""
        return {name: self._holds(name, check) for name, check in self._checks.items()}

    def _holds(self, name: str, check: Check) -> bool:
        try:
            return check()
        except Exception as error:  # a probe answers whatever is broken
            _log.warning("check_failed", check=name, error=type(error).__qualname__)
            return False


def has_room(folder: Path) -> bool:
    """Tell whether `folder` can be written and its disk has room for more work."""
    return os.access(folder, os.W_OK) and shutil.disk_usage(folder).free >= FREE_BYTES_MIN


def is_migrated(engine: Engine) -> bool:
    """Tell whether the database has every migration that this program knows, and no other."""
    known = ScriptDirectory(str(Path(migrations.__file__).parent)).get_heads()
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_heads() == tuple(known)


@get("/health/live", tags=["health"], opt={"is_public": True}, sync_to_thread=False)
def show_live() -> dict[str, str]:
    """The process answers."""
    return {"status": "ok"}


@get("/health/ready", tags=["health"], opt={"is_public": True}, sync_to_thread=True)
def show_ready(readiness: NamedDependency[Readiness]) -> Response[dict[str, bool]]:
    """The database is there and current, and the disk has room; 503 names what is not so."""
    found = readiness.look()
    return Response(found, status_code=200 if all(found.values()) else 503)
