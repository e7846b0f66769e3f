"""Statements that slices run in every push, past SQLAlchemy like the store's own: a tenth of the time.

Such a statement is a constant of its module: built once, compiled once per database, its parameters bound by position
in the order in which they stand in it, any number of values by `among`.
"""

from collections.abc import Collection, Sequence
from functools import cache
from typing import Any

from sqlalchemy import Connection, Executable, Table

from backend.storage.driver import Driver, Row
from backend.storage.statements import statements_for


def fetch(connection: Connection, statement: Executable, *parameters: Any) -> list[Row]:
    """Return every row of a SELECT; a parameter that is a set or a list is what `among` takes."""
    driver = Driver.over(connection)
    values = [driver.values(one) if isinstance(one, Collection) and not isinstance(one, str) else one
              for one in parameters]  # fmt: skip
    return driver.all(_text(connection.dialect.name, statement), *values)


def replace_rows(connection: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Put whole rows into a table, each in the place of the one with its key."""
    Driver.over(connection).many(_put(connection.dialect.name, table), rows)


@cache
def _text(name: str, statement: Executable) -> str:
    return statements_for(name).compile(statement)


@cache
def _put(name: str, table: Table) -> str:
    return statements_for(name).put(table)
