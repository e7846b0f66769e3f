"""Connections that only look: on SQLite some stay at hand, since fetching one costs more than most looks."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine

from backend.storage.driver import Driver

KEPT_MAX = 8  # of the pool's connections


class Readers:
    """Lends drivers outside any transaction. `close` it before the engine."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._kept: list[Driver] = []
        self._kept_max = KEPT_MAX if engine.dialect.name == "sqlite" else 0  # a server may hang up on those that wait

    @contextmanager
    def borrow(self) -> Iterator[Driver]:
        """Lend a driver; one that saw an error goes back to the pool, which knows what to do with it."""
        try:
            driver = self._kept.pop()
        except IndexError:
            driver = Driver(self._engine, self._engine.raw_connection())
        is_kept = False
        try:
            yield driver
            is_kept = len(self._kept) < self._kept_max
        finally:
            if is_kept:
                self._kept.append(driver)
            else:
                driver.close()

    def close(self) -> None:
        """Let go of those that are kept."""
        self._kept_max = 0
        while self._kept:
            self._kept.pop().close()
