"""Moves SQLite's write-ahead log into the database file, away from the writers' time."""

import threading

import structlog
from sqlalchemy import Engine

from backend.storage.driver import is_outage

EVERY_S = 1.0
_log = structlog.get_logger("padsync.storage")


class Checkpointer:
    """A thread that makes a passive checkpoint about once a second while there are commits."""

    def __init__(self, engine: Engine, every_s: float = EVERY_S) -> None:
        self._engine = engine
        self._every_s = every_s
        self._is_due = threading.Event()
        self._is_closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name="padsync-checkpoint", daemon=True)
        self._thread.start()

    def note_commit(self) -> None:
        """Tell that there is something to move."""
        self._is_due.set()

    def close(self) -> None:
        """Stop, and move everything, so that the file is whole by itself."""
        self._is_closed.set()
        self._thread.join()
        self._checkpoint("TRUNCATE")

    def _run(self) -> None:
        while not self._is_closed.wait(self._every_s):
            if self._is_due.is_set():
                self._is_due.clear()
                self._checkpoint("PASSIVE")

    def _checkpoint(self, mode: str) -> None:
        raw = self._engine.raw_connection()
        try:
            raw.driver_connection.execute(f"PRAGMA wal_checkpoint({mode})").close()  # type: ignore[union-attr]  # it is open
        except Exception as error:
            if not is_outage(error):
                raise
            _log.warning("checkpoint_failed", error=str(error))
        finally:
            raw.close()
