"""Reading kept evidence for whoever proves it: by the tablets that it came from, in the order of their numbers."""

from collections.abc import Iterator, Mapping

from sqlalchemy import ColumnElement, Connection, and_, func, or_, select

from backend.storage.tables import evidence
from sync.errors import TooLarge
from sync.store import Evidence

INSTALLS_MAX = 200  # of one question
ENTRIES_MAX = 200_000  # of one institution in one month


def evidence_after(connection: Connection, heads: Mapping[str, int], first_at: str, last_at: str) -> list[Evidence]:
    """Return what came from these installs beyond the number beside each, received from `first_at` until `last_at`.

    Raises TooLarge rather than leave something out.
    """
    found: list[Evidence] = []
    for beyond in _beyond(heads):
        within = evidence.c.received_at >= first_at, evidence.c.received_at < last_at
        chosen = select(evidence).where(beyond, *within).order_by(evidence.c.install_id, evidence.c.n)
        rows = connection.execute(chosen.limit(ENTRIES_MAX + 1 - len(found)))
        found += [Evidence(**row._mapping) for row in rows]
        if len(found) > ENTRIES_MAX:
            raise TooLarge(entries_max=ENTRIES_MAX)
    return found


def first_received(connection: Connection, heads: Mapping[str, int]) -> str | None:
    """Return when the earliest evidence of these installs beyond the number beside each came, or None."""
    moments = [connection.scalar(select(func.min(evidence.c.received_at)).where(beyond)) for beyond in _beyond(heads)]
    return min((moment for moment in moments if moment is not None), default=None)


def _beyond(heads: Mapping[str, int]) -> Iterator[ColumnElement[bool]]:
    names = sorted(heads)
    for start in range(0, len(names), INSTALLS_MAX):
        some = names[start : start + INSTALLS_MAX]
        yield or_(*(and_(evidence.c.install_id == name, evidence.c.n > heads[name]) for name in some))
