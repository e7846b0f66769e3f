"""The store in dicts: the executable specification that every other store is compared with."""

import copy
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import RLock
from typing import TypeVar

import msgspec

from sync.audit import link
from sync.feed import advance, changes_of
from sync.settled import spread
from sync.store import (
    AuditEntry,
    BucketState,
    Evidence,
    FeedRow,
    Glance,
    Install,
    Key,
    LeaseRow,
    Membership,
    NumberKey,
    Outbound,
    PurgeRow,
    Remembered,
    Settled,
    Stored,
    Unit,
    Write,
    WrittenRows,
)  # fmt: skip
from sync.written import write_rows

T = TypeVar("T")


@dataclass
class Tables:
    """Everything a store holds."""

    epochs: list[str]
    installs: dict[str, Install] = field(default_factory=dict)
    records: dict[Key, Stored] = field(default_factory=dict)
    buckets: dict[str, BucketState] = field(default_factory=dict)
    rows: dict[str, dict[Key, Membership]] = field(default_factory=dict)
    remembered: dict[tuple[str, int], Remembered] = field(default_factory=dict)
    evidence: dict[tuple[str, str], Evidence] = field(default_factory=dict)
    lines: dict[tuple[str, str, str], int] = field(default_factory=dict)  # next number
    number_gap: int = 0  # lines that a restored backup did not know begin above it
    leases: dict[str, LeaseRow] = field(default_factory=dict)
    numbers: dict[NumberKey, tuple[str, ...]] = field(default_factory=dict)
    purges: dict[str, PurgeRow] = field(default_factory=dict)
    received: dict[str, tuple[str, dict[str, int]]] = field(default_factory=dict)  # install → (seen at, cursors)
    audit: dict[str, list[tuple[AuditEntry, str]]] = field(default_factory=dict)
    outbox: list[Outbound] = field(default_factory=list)

    def fork(self) -> "Tables":
        """Return a copy that can be thrown away; what it holds is immutable but for two layers of dicts."""
        forked = copy.copy(self)
        for name, table in vars(self).items():
            setattr(forked, name, copy.copy(table))
        forked.rows = _Layered(self.rows)
        forked.audit = _Layered(self.audit)
        return forked


class _Layered(dict):  # type: ignore[type-arg]  # a dict of dicts or lists, whose inner values are copied when touched
    def __init__(self, below: Mapping[str, object]) -> None:
        super().__init__(below)
        self._own: set[str] = set()

    def own(self, name: str, empty: Callable[[], T]) -> T:
        """Return this layer's own copy of an inner collection."""
        if name not in self._own:
            self[name] = copy.copy(self[name]) if name in self else empty()
            self._own.add(name)
        inner: T = self[name]
        return inner


class MemorySnapshot:
    """Reads over one state of the tables."""

    def __init__(self, tables: Tables) -> None:
        self.tables = tables

    def epoch(self) -> str:
        return self.tables.epochs[-1]

    def past_epochs(self) -> frozenset[str]:
        return frozenset(self.tables.epochs[:-1])

    def find_install(self, install_id: str) -> Install | None:
        return self.tables.installs.get(install_id)

    def buckets(self, names: Collection[str]) -> dict[str, BucketState]:
        return {name: self.tables.buckets.get(name, BucketState(name=name)) for name in names}

    def glance(self, install_id: str, names: Collection[str]) -> Glance:
        install = self.find_install(install_id)
        return Glance(self.epoch(), install.ack_n if install else None, self.buckets(names))

    def rows(self, bucket: str, after: int, limit: int) -> list[FeedRow]:
        memberships = [row for row in self.tables.rows.get(bucket, {}).values() if row.seq > after]
        return [self._joined(row) for row in sorted(memberships, key=lambda row: row.seq)[:limit]]

    def written_rows(self, bucket: str, after: int, limit: int, max_bytes: int) -> WrittenRows:
        found = self.rows(bucket, after, limit)
        return write_rows(bucket, found, after=after, limit=limit, max_bytes=max_bytes)

    def live_ids(self, bucket: str) -> list[tuple[str, str, int]]:
        live = [row for row in self.tables.rows.get(bucket, {}).values() if row.x is None]
        return sorted((row.id, row.kind, self.tables.records[Key(row.kind, row.id)].version) for row in live)

    def rows_of(self, bucket: str, ids: Collection[str]) -> list[FeedRow]:
        wanted = set(ids)
        live = [row for row in self.tables.rows.get(bucket, {}).values() if row.x is None and row.id in wanted]
        return [self._joined(row) for row in sorted(live, key=lambda row: row.seq)]

    def records(self, keys: Collection[Key]) -> dict[Key, Stored]:
        return {key: self.tables.records[key] for key in keys if key in self.tables.records}

    def remembered(self, install_id: str, numbers: Collection[int]) -> dict[int, Remembered]:
        found = ((n, self.tables.remembered.get((install_id, n))) for n in numbers)
        return {n: settled for n, settled in found if settled is not None}

    def evidence_among(self, install_id: str, hashes: Collection[str]) -> set[str]:
        return {hash for hash in hashes if (install_id, hash) in self.tables.evidence}

    def find_lease(self, lease_id: str) -> LeaseRow | None:
        return self.tables.leases.get(lease_id)

    def leases(self, branch: str, date: str) -> list[LeaseRow]:
        found = [lease for lease in self.tables.leases.values() if (lease.branch, lease.date) == (branch, date)]
        return sorted(found, key=lambda lease: (lease.series, lease.lo))

    def numbers(self, branch: str, date: str) -> dict[NumberKey, tuple[str, ...]]:
        return {key: ids for key, ids in self.tables.numbers.items() if (key.branch, key.date) == (branch, date)}

    def purges(self, install_id: str) -> list[PurgeRow]:
        return [purge for purge in self.tables.purges.values() if purge.install_id == install_id]

    def received(self, install_id: str) -> dict[str, int]:
        return dict(self.tables.received.get(install_id, ("", {}))[1])

    def bucket_names(self) -> list[str]:
        return sorted(self.tables.buckets)

    def newest_before(self, bucket: str, moment: str) -> int:
        return max((row.seq for row in self.tables.rows.get(bucket, {}).values() if row.at < moment), default=0)

    def cursors(self, bucket: str, seen_since: str) -> list[int]:
        seen = [cursors for at, cursors in self.tables.received.values() if at >= seen_since]
        return [cursors[bucket] for cursors in seen if bucket in cursors]

    def _joined(self, row: Membership) -> FeedRow:
        if row.x is not None:
            return FeedRow(row.seq, row.kind, row.id, row.x, 0, b"")
        record = self.tables.records[Key(row.kind, row.id)]
        return FeedRow(row.seq, row.kind, row.id, None, record.version, record.body)


class MemoryUnit(MemorySnapshot):
    """Writes on a fork of the tables; `step` is called before each, so that a test may crash between any two."""

    def __init__(self, tables: Tables, step: Callable[[str], None]) -> None:
        super().__init__(tables)
        self._step = step
        self._writes: dict[Key, Write] = {}
        self._entries: list[AuditEntry] = []

    def peek(self, keys: Collection[Key]) -> dict[Key, Stored]:
        return self.records(keys)

    def save_install(self, install: Install) -> None:
        self._step("save_install")
        self.tables.installs[install.install_id] = install

    def remember(self, settled: Settled) -> None:
        self._step("remember")
        for one in spread(settled):
            assert (one.install_id, one.n) not in self.tables.remembered, "a mutation is settled once"
            self.tables.remembered[one.install_id, one.n] = one

    def save_records(self, writes: Sequence[Write]) -> None:
        self._step("save_records")
        for write in writes:
            first = self._writes.get(write.after.key)
            self._writes[write.after.key] = msgspec.structs.replace(write, before=first.before) if first else write
            self.tables.records[write.after.key] = write.after

    def add_evidence(self, evidence: Sequence[Evidence]) -> None:
        self._step("add_evidence")
        self.tables.evidence.update({(one.install_id, one.hash): one for one in evidence})

    def next_number(self, branch: str, series: str, date: str, count: int) -> int:
        self._step("next_number")
        first = self.tables.lines.get((branch, series, date), 1 + self.tables.number_gap)
        self.tables.lines[branch, series, date] = first + count
        return first

    def raise_number(self, branch: str, series: str, date: str, least: int) -> None:
        self._step("raise_number")
        line = (branch, series, date)
        self.tables.lines[line] = max(self.tables.lines.get(line, 1 + self.tables.number_gap), least + 1)

    def find_lease_by_request(self, install_id: str, request_id: str) -> LeaseRow | None:
        leases = self.tables.leases.values()
        return next((one for one in leases if (one.install_id, one.request_id) == (install_id, request_id)), None)

    def open_leases(self, install_id: str) -> list[LeaseRow]:
        return [one for one in self.tables.leases.values() if one.install_id == install_id and one.state == "open"]

    def save_lease(self, lease: LeaseRow) -> None:
        self._step("save_lease")
        self.tables.leases[lease.lease_id] = lease

    def taken(self, numbers: Collection[NumberKey]) -> dict[NumberKey, str]:
        return {key: self.tables.numbers[key][0] for key in numbers if key in self.tables.numbers}

    def take_numbers(self, numbers: Mapping[NumberKey, str]) -> None:
        self._step("take_numbers")
        for key, id in numbers.items():
            users = self.tables.numbers.get(key, ())
            self.tables.numbers[key] = users if id in users else (*users, id)

    def save_purge(self, purge: PurgeRow) -> None:
        self._step("save_purge")
        self.tables.purges[purge.purge] = purge

    def note_received(self, install_id: str, seqs: Mapping[str, int], at: str) -> None:
        self._step("note_received")
        self.tables.received[install_id] = (at, dict(seqs))

    def drop_rows(self, bucket: str, upto: int) -> int:
        self._step("drop_rows")
        rows: dict[Key, Membership] = self.tables.rows.own(bucket, dict)  # type: ignore[attr-defined]  # a fork's table
        gone = [key for key, row in rows.items() if row.x is not None and row.seq <= upto]
        for key in gone:
            del rows[key]
        state = self.tables.buckets.get(bucket, BucketState(name=bucket))
        self.tables.buckets[bucket] = msgspec.structs.replace(state, floor=max(state.floor, upto))
        return len(gone)

    def audit(self, entry: AuditEntry) -> None:
        self._entries.append(entry)

    def send(self, work: Sequence[Outbound]) -> None:
        self._step("send")
        self.tables.outbox.extend(work)

    def finish(self) -> frozenset[str]:
        """Number the writes, chain the audit entries, and return the buckets that moved."""
        moves = changes_of(self._writes.values())
        at = max((write.after.changed_at for write in self._writes.values()), default="")
        for bucket in sorted(moves):
            self._step("number_bucket")
            state, rows = advance(self.tables.buckets.get(bucket, BucketState(name=bucket)), moves[bucket], at)
            self.tables.buckets[bucket] = state
            own: dict[Key, Membership] = self.tables.rows.own(bucket, dict)  # type: ignore[attr-defined]  # a fork's table
            own.update({Key(row.kind, row.id): row for row in rows})
        for entry in self._entries:
            self._step("chain_audit")
            chain: list[tuple[AuditEntry, str]] = self.tables.audit.own(entry.stream, list)  # type: ignore[attr-defined]  # a fork's table
            chain.append((entry, link(chain[-1][1] if chain else "", entry)))
        return frozenset(moves)


class MemoryStore:
    """A store that forgets everything at its end; one writer at a time, readers see the last commit."""

    def __init__(self, epoch: str, on_commit: Callable[[frozenset[str]], None] | None = None) -> None:
        self.tables = Tables(epochs=[epoch])
        self.on_step: Callable[[str], None] = lambda _name: None
        self._on_commit = on_commit
        self._lock = RLock()

    def read(self, look: Callable[[MemorySnapshot], T]) -> T:
        """Run `look` on the last commit."""
        return look(MemorySnapshot(self.tables))

    def write(self, work: Callable[[Unit], T]) -> T:
        """Run `work` on a fork and keep it only if nothing was raised, up to and including the commit."""
        with self._lock, self._unit() as unit:
            result = work(unit)
            moved = unit.finish()
            self.on_step("commit")
            self.tables = unit.tables
        if self._on_commit and moved:
            self._on_commit(moved)
        return result

    @contextmanager
    def _unit(self) -> Iterator[MemoryUnit]:
        yield MemoryUnit(self.tables.fork(), lambda name: self.on_step(name))

    def backup(self) -> Tables:
        """Return everything as it is now."""
        return self.tables

    def restore(self, backup: Tables, epoch: str, number_gap: int) -> None:
        """Become what `backup` was, as a new incarnation whose number lines jump ahead."""
        self.tables = backup.fork()
        self.tables.epochs = [*backup.epochs, epoch]
        self.tables.lines = {line: next + number_gap for line, next in backup.lines.items()}
        self.tables.number_gap = number_gap
