"""Connections that only look: on SQLite some stay at hand, since fetching one costs more than most looks."""

from sqlalchemy import Engine

from backend.storage.driver import Driver

KEPT_MAX = 8  # of the pool's connections


class Readers:
    """Lends drivers outside any transaction. `close` it before the engine."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._kept: list[Driver] = []
        self._kept_max = KEPT_MAX if engine.dialect.name == "sqlite" else 0  # a server may hang up on those that wait

    def borrow(self) -> "Loan":
        """Lend a driver; one that saw an error goes back to the pool, which knows what to do with it."""
        try:
            driver = self._kept.pop()
        except IndexError:
            driver = Driver(self._engine, self._engine.raw_connection())
        return Loan(self, driver)

    def take_back(self, driver: Driver, *, is_well: bool) -> None:
        """Keep a driver, or give it to the pool."""
        if is_well and len(self._kept) < self._kept_max:
            self._kept.append(driver)
        else:
            driver.close()

    def close(self) -> None:
        """Let go of those that are kept."""
        self._kept_max = 0
        while self._kept:
            self._kept.pop().close()


class Loan:
    """A driver that is given back at the end of a `with`."""

    def __init__(self, readers: Readers, driver: Driver) -> None:
        self._readers, self._driver = readers, driver

    def __enter__(self) -> Driver:
        return self._driver

    def __exit__(self, kind: object, *_: object) -> None:
        self._readers.take_back(self._driver, is_well=kind is None)
