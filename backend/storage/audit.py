"""The audit log read again: every chain recomputed, every anchor and every push entry compared with what lies there."""

from collections.abc import Callable, Collection, Iterable, Iterator
from hashlib import sha256
from itertools import groupby
from operator import itemgetter
from typing import Any

import msgspec
from msgspec import Struct
from sqlalchemy import Connection, Engine, func, select

from backend.storage import rows
from backend.storage.engine import reading
from backend.storage.sql_store import SqlStore
from backend.storage.tables import anchor, audit_entry, audit_stream, settled
from backend.storage.unit import SqlUnit
from sync.audit import link
from sync.settled import digest_of_settled, gather
from sync.signing import canonical
from sync.store import AuditEntry, Remembered

Heads = dict[str, tuple[int, str]]  # stream → its length and newest hash
INSTALL = "install:"  # streams of installs, where pushes are told
BATCH = 1_000


class Broken(Struct, frozen=True):
    """The first thing that is wrong in one stream; `position` 0 means the stream as a whole."""

    stream: str
    position: int
    reason: str


class Anchor(Struct, frozen=True):
    """A seal over all streams at one moment. Its hash belongs outside of the database: print it, sign it."""

    ordinal: int
    at: str
    streams: int
    hash: str


class AuditReport(Struct, frozen=True):
    """What was read, and the first broken row of each stream."""

    streams: int
    entries: int
    anchors: int
    broken: tuple[Broken, ...]

    @property
    def is_whole(self) -> bool:
        """Say whether nothing was found."""
        return not self.broken


def verify_audit(
    engine: Engine, *, trusted: Collection[str] = (), progress: Callable[[int, int], None] = lambda _done, _of: None
) -> AuditReport:
    """Recompute the whole log in one snapshot.

    Finds an entry that was changed, added, removed or moved, outcomes that differ from what their push entry
    sealed, and, by the anchors, a stream that lost its tail or is gone. `trusted` are anchor hashes kept elsewhere:
    one that the database does not know tells that anchors were removed too.
    """
    with reading(engine).connect() as connection:
        total = connection.scalar(select(func.count()).select_from(audit_entry)) or 0
        check = _Check(connection, total, progress)
        check.anchors(trusted)
        check.streams()
        return AuditReport(check.stream_count, check.entry_count, check.anchor_count, tuple(check.broken.values()))


def make_anchor(store: SqlStore, at: str) -> Anchor:
    """Seal every stream that grew since the last anchor, and the last anchor with it."""
    return store.write(lambda unit: _anchor(unit, at))


def _anchor(unit: SqlUnit, at: str) -> Anchor:
    connection = unit.connection
    ordinal, previous, known = 0, "", Heads()
    for ordinal, told, previous in connection.execute(  # noqa: B007  # the last ones are used
        select(anchor.c.ordinal, anchor.c.heads, anchor.c.hash).order_by(anchor.c.ordinal)
    ):
        known |= _read_heads(told)
    now: Heads = {stream: (length, hash) for stream, length, hash in connection.execute(select(audit_stream))}
    grown = {stream: list(head) for stream, head in now.items() if known.get(stream) != head}
    heads = canonical(grown).decode()
    made = Anchor(ordinal + 1, at, len(now), _seal(previous, ordinal + 1, at, heads))
    connection.execute(anchor.insert().values(ordinal=made.ordinal, at=at, heads=heads, hash=made.hash))
    return made


def _seal(previous: str, ordinal: int, at: str, heads: str) -> str:
    return sha256(f"{previous}|{ordinal}|{at}|{heads}".encode()).hexdigest()


def _read_heads(told: str) -> Heads:
    return {stream: (length, hash) for stream, (length, hash) in msgspec.json.decode(told).items()}


class _Check:
    """One pass over the log."""

    def __init__(self, connection: Connection, total: int, progress: Callable[[int, int], None]) -> None:
        self._connection = connection
        self._total = total
        self._progress = progress
        self._sealed: Heads = {}
        self.stream_count = self.entry_count = self.anchor_count = 0
        self.broken: dict[str, Broken] = {}

    def anchors(self, trusted: Collection[str]) -> None:
        """Check the chain of anchors, and remember the newest head that they seal of each stream."""
        previous, hashes = "", set()
        for ordinal, at, heads, hash in self._connection.execute(select(anchor).order_by(anchor.c.ordinal)):
            self.anchor_count += 1
            if ordinal != self.anchor_count or hash != _seal(previous, ordinal, at, heads):
                self._blame("anchor", self.anchor_count, "the anchor does not follow from the one before")
                return
            self._sealed |= _read_heads(heads)
            previous = hash
            hashes.add(hash)
        if missing := set(trusted) - hashes:
            self._blame("anchor", 0, f"{len(missing)} anchors that were kept elsewhere are not here")

    def streams(self) -> None:
        """Check every stream, those of which only a head or an anchor is left included."""
        stated = {stream: (length, hash) for stream, length, hash in self._connection.execute(select(audit_stream))}
        seen = set()
        for stream, entries in groupby(self._entries(), itemgetter(0)):
            seen.add(stream)
            self._stream(stream, entries, stated.get(stream))
        for stream in (stated.keys() | self._sealed.keys()) - seen:
            self._blame(stream, 0, "the whole stream is gone")
        self.stream_count = len(seen)
        self.broken = dict(sorted(self.broken.items()))

    def _entries(self) -> Iterator[tuple[Any, ...]]:
        query = select(audit_entry).order_by(audit_entry.c.stream, audit_entry.c.position)
        for row in self._connection.execution_options(yield_per=BATCH).execute(query):
            self.entry_count += 1
            if self.entry_count % BATCH == 0 or self.entry_count == self._total:
                self._progress(self.entry_count, self._total)
            yield tuple(row)

    def _stream(self, stream: str, entries: Iterable[tuple[Any, ...]], stated: tuple[int, str] | None) -> None:
        length, hash = 0, ""
        for row in entries:
            if stream in self.broken:
                continue  # the rest hangs on what is broken; it is read only to reach the next stream
            length, hash = self._entry(stream, row, length, hash)
        if stream not in self.broken and stated != (length, hash):
            self._blame(stream, length + 1, "entries at the end of the stream are gone")
        sealed = self._sealed.get(stream, (0, ""))
        if stream not in self.broken and sealed[0] > length:
            self._blame(stream, length + 1, "an anchor seals more entries than there are")

    def _entry(self, stream: str, row: tuple[Any, ...], length: int, previous: str) -> tuple[int, str]:
        expected = length + 1
        try:
            position, entry, hash = rows.read_entry(row)
            if position != expected:
                self._blame(stream, expected, "the entry is gone")
            elif hash != link(previous, entry):
                self._blame(stream, position, "the entry is not what was sealed")
            elif self._sealed.get(stream, (0, ""))[0] == position and self._sealed[stream][1] != hash:
                self._blame(stream, position, "the entry is not what an anchor sealed")
            elif entry.action == "push" and not self._is_push_true(entry):
                self._blame(stream, position, "the remembered outcomes are not what this entry sealed")
        except (ValueError, KeyError, TypeError):  # no JSON, no hex, or a push that does not say which outcomes
            self._blame(stream, expected, "the entry cannot be read")
            return expected, ""
        return position, hash

    def _is_push_true(self, entry: AuditEntry) -> bool:
        first, last = entry.detail["from_n"], entry.detail["to_n"]
        install_id = entry.stream.removeprefix(INSTALL)
        found = self._connection.execute(
            select(settled)
            .where(settled.c.install_id == install_id, settled.c.first_n.between(first, last))
            .order_by(settled.c.first_n)
        )
        told = [one for row in found for one in rows.read_settled(tuple(row)) if one.n <= last]
        return bool(told) and entry.detail["digest"] in (digest_of_settled(gather(told)), _digest_line_by_line(told))

    def _blame(self, stream: str, position: int, reason: str) -> None:
        self.broken.setdefault(stream, Broken(stream, position, reason))


def _digest_line_by_line(told: Iterable[Remembered]) -> str:
    """Return the digest as it was made while each mutation had a row of its own, before migration 0005."""
    lines = [f"{one.n}|{one.digest}|{sha256(one.outcome).hexdigest()}" for one in told]
    return sha256("\n".join(lines).encode()).hexdigest()
