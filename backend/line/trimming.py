"""Forgetting what served its day: answers to queue machines, and who came to which counter."""

from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, func, select, tuple_

from backend.domain.tickets.queries import forget_visits
from backend.identity import business_date
from backend.line.tables import machine_message
from backend.storage.sql_store import SqlStore
from sync.moments import write_moment

CHUNK = 5_000  # rows in one transaction


def trim_line(store: SqlStore, now: datetime, *, messages_d: int, visits_d: int, chunk: int = CHUNK) -> int:
    """Forget answers older than `messages_d` days and visits of days more than `visits_d` ago; return how many went.

    The figures of those days are kept as sums (`lobby_day`), and miss nothing.
    """
    answered, day = write_moment(now - timedelta(days=messages_d)), business_date(now - timedelta(days=visits_d))
    gone = 0
    for forget in (lambda unit: forget_messages(unit.connection, answered, chunk),
                   lambda unit: forget_visits(unit.connection, day, chunk)):  # fmt: skip
        while count := store.write(forget):
            gone += count
    return gone


def forget_messages(connection: Connection, before: str, most: int) -> int:
    """Forget machines' messages that were answered before a moment; each machine's newest says where it goes on."""
    later = machine_message.alias()
    newest = select(func.max(later.c.n)).where(later.c.install_id == machine_message.c.install_id).scalar_subquery()
    key = machine_message.c.install_id, machine_message.c.n
    old = select(*key).where(machine_message.c.at < before, machine_message.c.n < newest).limit(most)
    rows = [tuple(row) for row in connection.execute(old)]
    if rows:
        connection.execute(delete(machine_message).where(tuple_(*key).in_(rows)))
    return len(rows)
