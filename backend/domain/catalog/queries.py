"""Asking SQL for the catalog as a bank keeps it: products, scripts, code lists, form templates."""

from typing import NamedTuple

import msgspec
from sqlalchemy import Connection, select

from backend.storage.tables import record
from contracts.base import Body
from contracts.kinds import CodeList, FormTemplate, Product, Script

KINDS = tuple(one.kind for one in (Product, Script, CodeList, FormTemplate))
ENTRIES_MAX = 20_000


class Entry(NamedTuple):
    """One record of the catalog; a tablet reads the same."""

    kind: str
    id: str
    body: Body


def list_catalog(connection: Connection, kinds: tuple[str, ...] = KINDS) -> list[Entry]:
    """Return the live records of these kinds, in the order of kind and code."""
    chosen = select(record.c.kind, record.c.id, record.c.body).where(
        record.c.kind.in_(kinds), record.c.standing == "live"
    )
    found = [
        Entry(kind, id, msgspec.json.decode(body)) for kind, id, body in connection.execute(chosen.limit(ENTRIES_MAX))
    ]
    return sorted(found, key=lambda one: (kinds.index(one.kind), one.body["code"], one.id))
