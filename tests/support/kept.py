"""What tests read of a server's records."""

from typing import Any

from backend.registry import KINDS
from backend.storage.sql_store import SqlStore
from sync.store import Key


class Kept:
    """A server's side whose records can be looked at as they are now."""

    store: SqlStore

    def body(self, kind: str, id: str) -> dict[str, Any]:
        """Return a record, its defaults filled in."""
        return KINDS[kind].read(self.store.read(lambda look: look.records([Key(kind, id)]))[Key(kind, id)].body)

    def records(self, kind: str, bucket: str) -> list[dict[str, Any]]:
        """Return the records of a kind that a bucket holds, each with its id."""
        rows = self.store.read(lambda look: look.rows(bucket, 0, 1000))
        return [KINDS[kind].read(row.body) | {"id": row.id} for row in rows if row.kind == kind and row.x is None]
