"""One INSERT for many rows: SQLite's driver gives up the interpreter's lock once for them all, not once for each.

If another thread wants the lock, it is woken each time, mostly for nothing: that was a seventh of a push.
"""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import chain
from typing import Any

ROWS_MAX = 64  # of one statement; there is a text for each number of them

Statement = tuple[str, list[Any]]


@lru_cache(maxsize=256)
def can_join(sql: str) -> bool:
    """Say whether a statement is an INSERT all of whose parameters stand in its one list of VALUES."""
    begin, end = _values(sql)
    return begin >= 0 and sql.count("?") == sql.count("?", begin, end)


def join_rows(sql: str, rows: Sequence[tuple[Any, ...]]) -> Iterator[Statement]:
    """Yield statements with their parameters that insert the rows in their order, a part of them each."""
    for at in range(0, len(rows), ROWS_MAX):
        part = rows[at : at + ROWS_MAX]
        yield _write(sql, len(part)), list(chain.from_iterable(part))


@lru_cache(maxsize=1024)
def _write(sql: str, count: int) -> str:
    begin, end = _values(sql)
    return sql[:begin] + ", ".join([sql[begin:end]] * count) + sql[end:]


def _values(sql: str) -> tuple[int, int]:
    """Return where the list of parameters begins and ends; it holds no other brackets."""
    begin = sql.find("VALUES (")
    return (begin + len("VALUES "), sql.index(")", begin) + 1) if begin >= 0 else (-1, -1)
