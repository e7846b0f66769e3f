"""Rows put in place of what has their key, the same on both databases."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite

INSERTS: dict[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}

Rows = Sequence[Mapping[str, Any]]


def put_rows(connection: Connection, table: Table, rows: Rows) -> None:
    """Insert rows, or replace those that have their keys."""
    if not rows:
        return
    put = INSERTS[connection.dialect.name](table)
    keys = [column.name for column in table.primary_key]
    news = {column.name: put.excluded[column.name] for column in table.c if not column.primary_key}
    connection.execute(put.on_conflict_do_update(index_elements=keys, set_=news), rows)


def add_up_rows(connection: Connection, table: Table, rows: Rows) -> None:
    """Insert rows, or add their numbers to those that have their keys."""
    if not rows:
        return
    put = INSERTS[connection.dialect.name](table)
    keys = [column.name for column in table.primary_key]
    sums = {column.name: column + put.excluded[column.name] for column in table.c if not column.primary_key}
    connection.execute(put.on_conflict_do_update(index_elements=keys, set_=sums), rows)
