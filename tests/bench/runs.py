"""One run over one database: two servers, the loads in turn, and what came of it."""

from pathlib import Path

from tests.bench.figures import (
    Effort,
    Town,
    Watch,
    bare_first_sync_once,
    compare,
    compare_idle,
    compare_pushes,
    first_sync_once,
    poke_times,
    settle_town,
    start_bare,
    start_real,
)
from tests.bench.load import Load
from tests.bench.report import Report
from tests.bench.servers import Server


def measure(load: Load, folder: Path, url: str, effort: Effort) -> Report:
    """Return the figures of the real server on a database; the bare one has its own SQLite file."""
    folder.mkdir()
    town = settle_town(url, effort.customers)
    plain = start_bare(folder, effort.customers)
    try:
        real = start_real(town, folder)
        try:
            return _measure(load, plain, real, town, effort)
        finally:
            real.stop()
    finally:
        plain.stop()


def _measure(load: Load, plain: Server, real: Server, town: Town, effort: Effort) -> Report:
    with Watch(real) as watch:
        first_sync = compare(
            plain, real, effort.rounds,
            lambda: bare_first_sync_once(load, plain, effort.customers),
            lambda: first_sync_once(load, real, town, effort.customers),
        )  # fmt: skip
    return Report(
        first_sync=first_sync,
        memory_grown_bytes=watch.peak_bytes - watch.before_bytes,
        idle_pull=compare_idle(load, plain, real, town, effort),
        pokes=poke_times(load, real, town, effort.pokes),
        push=compare_pushes(load, plain, real, town, lambda: town.forms(effort.form_pushes), effort.rounds),
        signed_push=compare_pushes(load, plain, real, town, lambda: town.visits(effort.visit_pushes), effort.rounds),
    )
