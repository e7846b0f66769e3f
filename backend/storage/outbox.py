"""The outbox as its reader sees it: accepted work, kept until the central CRM has it."""

from collections.abc import Collection
from typing import NamedTuple

from sqlalchemy import Connection, delete, select

from backend.storage.tables import outbox


class Waiting(NamedTuple):
    """A record's version that waits for the central CRM."""

    position: int
    kind: str
    id: str
    version: int
    at: str


def list_waiting(connection: Connection, after: int, limit: int) -> list[Waiting]:
    """Return what waits behind a position.

    On PostgreSQL a lower position can appear after a higher one was read: begin every drain at 0.
    """
    columns = outbox.c.position, outbox.c.kind, outbox.c.id, outbox.c.version, outbox.c.at
    chosen = select(*columns).where(outbox.c.position > after)
    return [Waiting(*row) for row in connection.execute(chosen.order_by(outbox.c.position).limit(limit))]


def take_off(connection: Connection, positions: Collection[int]) -> None:
    """Forget what the central CRM has; in the transaction that hands it over, so that it is handed over once."""
    if positions:
        connection.execute(delete(outbox).where(outbox.c.position.in_(sorted(positions))))
