"""Projections: tables that repeat what SQL must be able to ask about records of one kind."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from sqlalchemy import Table, delete

from backend.storage.driver import Driver
from backend.storage.statements import Statements, among
from sync.store import Write


class Projection(NamedTuple):
    """A table with the record's `id` as its key, and the pure rule that makes a row of a write.

    The row names every column; None takes the record out of the table.
    """

    table: Table
    row: Callable[[Write], Mapping[str, Any] | None]


class Projector:
    """Writes the projections of one store."""

    def __init__(self, projections: Mapping[str, Projection], sql: Statements) -> None:
        self._rules = {kind: projection.row for kind, projection in projections.items()}
        self._columns = {kind: tuple(projection.table.c.keys()) for kind, projection in projections.items()}
        self._puts = {kind: sql.put(projection.table) for kind, projection in projections.items()}
        self._drops = {kind: _drop(projection.table, sql) for kind, projection in projections.items()}

    def project(self, writes: Iterable[Write], driver: Driver) -> None:
        """Bring the projections up to the end of a unit."""
        by_kind: dict[str, list[Write]] = {}
        for write in writes:
            if write.after.kind in self._rules:
                by_kind.setdefault(write.after.kind, []).append(write)
        for kind in sorted(by_kind):
            self._project_kind(kind, by_kind[kind], driver)

    def _project_kind(self, kind: str, writes: list[Write], driver: Driver) -> None:
        rule, columns = self._rules[kind], self._columns[kind]
        rows = [(write.after.id, rule(write)) for write in sorted(writes, key=lambda write: write.after.id)]
        gone = [id for id, row in rows if row is None]
        if gone:
            driver.run(self._drops[kind], driver.values(gone))
        driver.many(self._puts[kind], [tuple(row[name] for name in columns) for _, row in rows if row is not None])


def _drop(table: Table, sql: Statements) -> str:
    return sql.compile(delete(table).where(among(table.c.id, "ids")))
