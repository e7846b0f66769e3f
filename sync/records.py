"""Records under change: what a unit of work has loaded, and what it makes of it."""

from collections.abc import Iterable, Mapping

import msgspec

from contracts.base import Body
from sync.kind import Kind
from sync.store import Key, Stored, Write, make_key

LEFT_MAX = 8  # former buckets remembered per record


class Workspace:
    """Records as one unit of work sees them; each record is written once, however often it changed."""

    def __init__(self, loaded: Mapping[Key, Stored]) -> None:
        self._before = dict(loaded)
        self._after: dict[Key, tuple[Stored, str]] = {}

    def load(self, stored: Stored) -> None:
        """Take in a record as the store holds it."""
        self._before.setdefault(stored.key, stored)

    def find(self, key: Key) -> Stored | None:
        """Return the record as it stands now, whatever its standing."""
        changed = self._after.get(key)
        return changed[0] if changed else self._before.get(key)

    def find_live(self, key: Key) -> Stored | None:
        """Return the record if it is live."""
        stored = self.find(key)
        return stored if stored is not None and stored.standing == "live" else None

    def put(self, stored: Stored, cause: str = "moved") -> None:
        """Take a new state of a record."""
        self._after[make_key((stored.kind, stored.id))] = (stored, cause)

    def writes(self) -> list[Write]:
        """Return every change, first state to last."""
        return [
            Write(before=self._before.get(key), after=after, cause=cause) for key, (after, cause) in self._after.items()
        ]


def new_version(
    kind: Kind, id: str, before: Stored | None, body: Body, touched: Iterable[str], *, by: str, at: str
) -> Stored:
    """Return the record's next version with a checked body. Raises msgspec.ValidationError."""
    encoded = kind.validate(body)
    buckets = kind.buckets(body)
    if before is None or before.standing != "live":
        version = 1 if before is None else before.version + 1
        return Stored(
            kind=kind.name, id=id, version=version, body=encoded, buckets=buckets, changed_by=by, changed_at=at
        )
    version = before.version + 1
    return Stored(
        kind=kind.name,
        id=id,
        version=version,
        body=encoded,
        field_versions={**before.field_versions, **dict.fromkeys(touched, version)},
        buckets=buckets,
        left=_left(before, buckets, at),
        changed_by=by,
        changed_at=at,
    )


def deleted(before: Stored, *, by: str, at: str) -> Stored:
    """Return the record's tombstone: no body, no bucket, an id that never comes back."""
    return msgspec.structs.replace(
        before,
        version=before.version + 1,
        body=b"",
        field_versions={},
        buckets=frozenset(),
        left=_left(before, frozenset(), at),
        standing="deleted",
        changed_by=by,
        changed_at=at,
    )


def parked_creation(key: Key, review: str, install_id: str, *, by: str, at: str) -> Stored:
    """Return the mark that this id's creation waits for a person."""
    return Stored(
        kind=key.kind, id=key.id, version=0, body=b"", standing="parked",
        changed_by=by, changed_at=at, parked_by=install_id, review=review,
    )  # fmt: skip


def _left(before: Stored, buckets: frozenset[str], at: str) -> Mapping[str, str]:
    gone = before.buckets - buckets
    if not gone and not before.left:
        return before.left
    left = {bucket: when for bucket, when in before.left.items() if bucket not in buckets} | dict.fromkeys(gone, at)
    return dict(sorted(left.items(), key=lambda item: item[1])[-LEFT_MAX:])
