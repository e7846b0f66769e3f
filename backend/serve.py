"""Serving: one process on SQLite, as many as wanted on PostgreSQL; SIGTERM ends it after the running requests."""

import gc
import os
import shutil
import signal
import threading
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from granian.constants import Interfaces, Loops
from granian.server import MPServer

from backend.live.ending import ENDING, tell_workers
from backend.settings import Settings
from backend.web.logs import configure_logs
from backend.web.metrics import MULTIPROCESS_DIR

BACKPRESSURE = 8_192  # connections of one process, most of them tablets that wait for a poke
STOP_S_MAX = 30
ORPHAN_S = 0.5  # a worker looks so often whether the process above it still lives
# What is made for a request dies by itself; looking for circles among the living only costs the slowest requests.
GC_THRESHOLD = (50_000, 20, 100)


def run_server(settings: Settings, clock: Callable[[], datetime] | None = None) -> None:
    """Serve until SIGTERM or SIGINT. The database must be migrated; `clock` is the time of a demonstration."""
    workers = 1 if settings.database.startswith("sqlite") else settings.workers
    if workers > 1:
        _share_counters(Path(settings.data_dir) / "metrics")
    server = Server(
        "backend.serve", address=settings.host, port=settings.port, interface=Interfaces.ASGI, workers=workers,
        loop=Loops.asyncio, backpressure=BACKPRESSURE, websockets=False, log_access=False, log_enabled=False,
        workers_kill_timeout=STOP_S_MAX,
    )  # fmt: skip
    server.serve(target_loader=AppLoader(settings, clock), wrap_loader=False)


class Server(MPServer):
    """The server process above its workers."""

    def shutdown(self, exit_code: int = 0) -> None:
        """Let go of those who listen, then stop the workers after their running requests."""
        tell_workers()
        super().shutdown(exit_code)  # type: ignore[no-untyped-call]  # the library says nothing of its types


class AppLoader:
    """Makes the application inside a worker process."""

    def __init__(self, settings: Settings, clock: Callable[[], datetime] | None = None) -> None:
        self._settings, self._clock = settings, clock
        self._above_pid = os.getpid()

    def __call__(self) -> Any:
        """Return the application, with the log and the garbage collector set up for it."""
        from backend.app import create_app, utc_now  # here, so that only workers pay for it

        threading.Thread(target=_end_with, args=(self._above_pid,), name="above", daemon=True).start()
        configure_logs(self._settings.log_level, self._settings.log_format)
        app = create_app(self._settings, clock=self._clock or utc_now)
        gc.collect()
        gc.freeze()
        gc.set_threshold(*GC_THRESHOLD)
        return app


def _end_with(above_pid: int) -> None:
    """End this worker once the process above it was killed: left alone it would keep the port, and no restart could."""
    while os.getppid() == above_pid:
        time.sleep(ORPHAN_S)
    for sign, patience_s in ((ENDING, 0), (signal.SIGTERM, STOP_S_MAX), (signal.SIGKILL, 0)):
        os.kill(os.getpid(), sign)
        time.sleep(patience_s)


def _share_counters(folder: Path) -> None:
    """Let the counters of all workers be added up: the library looks at this variable when it is imported."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    os.environ[MULTIPROCESS_DIR] = str(folder)
