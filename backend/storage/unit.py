"""One transaction of writes: what the engine decided, and at its end the feed's numbers and the audit chain."""

from collections.abc import Collection, Mapping, Sequence
from itertools import compress
from operator import itemgetter, not_

import msgspec

from backend.storage import rows
from backend.storage.driver import Clash, Driver, Row
from backend.storage.follow_ups import rows_of
from backend.storage.projections import Projector
from backend.storage.reactions import Reactions
from backend.storage.snapshot import SqlSnapshot
from backend.storage.statements import Statements
from sync.audit import link
from sync.feed import Move, advance, changes_of
from sync.store import (
    AuditEntry,
    BucketState,
    Evidence,
    Install,
    Key,
    LeaseRow,
    Membership,
    NumberKey,
    Outbound,
    PurgeRow,
    Settled,
    Stored,
    Write,
)

IDENTITY = itemgetter(0, 1)  # of a record's row: kind and id
ROUNDS_MAX = 8  # a reaction may cause another; more than so many is a circle


class SqlUnit(SqlSnapshot):
    """Reads that lock, and writes; on PostgreSQL rows are locked in sorted order, buckets last."""

    def __init__(self, driver: Driver, sql: Statements, projector: Projector, reactions: Reactions) -> None:
        super().__init__(driver, sql)
        self._projector = projector
        self._reactions = reactions
        self._writes: dict[tuple[str, str], Write] = {}  # by Keys, or what equals them
        self._fresh: dict[tuple[str, str], Write] = {}  # what no reaction has seen yet
        self._entries: list[AuditEntry] = []
        self.is_followed = False  # something is left to be done after the commit

    def find_install(self, install_id: str) -> Install | None:
        """Return what is known of an install, and keep others from pushing for it."""
        row = self._driver.one(self._sql.lock_install, install_id)
        return rows.read_install(row) if row else None

    def save_install(self, install: Install) -> None:
        """Put an install. Raises Clash if another transaction made the same one."""
        news = (install.ack_n, install.evidence_head, install.letter, install.public_key)
        if not self._driver.run(self._sql.update_install, *news, install.install_id):
            self._driver.run(self._sql.add_install, install.install_id, *news)

    def buckets(self, names: Collection[str]) -> dict[str, BucketState]:
        """Return the state of each named bucket, and keep others from numbering in it."""
        return self._buckets(self._sql.lock_buckets, names)

    def records(self, keys: Collection[Key]) -> dict[Key, Stored]:
        """Return the records that exist, and keep others from changing them."""
        return self._records(self._sql.lock_records, keys)

    def peek(self, keys: Collection[Key]) -> dict[Key, Stored]:
        """Return records without keeping others from changing them."""
        return SqlSnapshot.records(self, keys)

    def save_records(self, writes: Sequence[Write]) -> None:
        """Put records. Raises Clash if one is not what the writer saw."""
        for write in writes:
            key = (write.after.kind, write.after.id)
            for known in (self._writes, self._fresh):
                first = known.get(key)
                known[key] = msgspec.structs.replace(write, before=first.before) if first else write
        made = sorted([rows.write_record(write) for write in writes if write.before is None], key=IDENTITY)
        changed = sorted(
            ((*rows.write_record(write), write.before.version) for write in writes if write.before is not None),
            key=IDENTITY,
        )
        self._driver.many(self._sql.add_record, made)
        if self._driver.many(self._sql.change_record, changed) != len(changed):
            raise Clash("a record is not what the writer saw")

    def remember(self, settled: Settled) -> None:
        """Keep settled mutations, each once."""
        self._driver.run(self._sql.add_settled, settled.install_id, settled.first_n, settled.text)

    def add_evidence(self, evidence: Sequence[Evidence]) -> None:
        """Keep signed mutations as they came."""
        self._driver.many(self._sql.add_evidence, [rows.write_evidence(one) for one in evidence])

    def next_number(self, branch: str, series: str, date: str, count: int) -> int:
        """Raise the line's counter by `count` and return the first number of the block, from 1.

        After a restore, lines that the backup did not know begin above the gap.
        """
        self._keep_gap(branch, series, date)
        row = self._driver.one(self._sql.next_number, branch, series, date, count + 1)
        assert row is not None
        return int(row[0]) - count

    def raise_number(self, branch: str, series: str, date: str, least: int) -> None:
        """Make sure that no number up to and including `least` is given out again."""
        self._keep_gap(branch, series, date)
        self._driver.run(self._sql.raise_number, branch, series, date, least + 1)

    def _keep_gap(self, branch: str, series: str, date: str) -> None:
        gap, until = self._driver.all(self._sql.number_gap)[0]
        if gap and date <= until:
            self._driver.run(self._sql.new_line, branch, series, date, gap + 1)

    def find_lease(self, lease_id: str) -> LeaseRow | None:
        """Return a lease by its id."""
        row = self._driver.one(self._sql.lock_lease, lease_id)
        return rows.read_lease(row) if row else None

    def leases(self, branch: str, date: str) -> list[LeaseRow]:
        """Return a branch's leases of one day, by series and number."""
        found = [rows.read_lease(row) for row in self._driver.all(self._sql.lock_leases, branch, date)]
        return sorted(found, key=lambda lease: (lease.series, lease.lo))

    def find_lease_by_request(self, install_id: str, request_id: str) -> LeaseRow | None:
        """Return the lease that a request was given."""
        row = self._driver.one(self._sql.lock_lease_by_request, install_id, request_id)
        return rows.read_lease(row) if row else None

    def open_leases(self, install_id: str) -> list[LeaseRow]:
        """Return an install's open leases."""
        return [rows.read_lease(row) for row in self._driver.all(self._sql.lock_open_leases, install_id)]

    def save_lease(self, lease: LeaseRow) -> None:
        """Put a lease."""
        self._driver.run(self._sql.put_lease, *rows.write_lease(lease))

    def taken(self, numbers: Collection[NumberKey]) -> dict[NumberKey, str]:
        """Return the first user of each of these numbers that is used."""
        return {key: users[0] for key, users in self._users(numbers).items()}

    def take_numbers(self, numbers: Mapping[NumberKey, str]) -> None:
        """Note which record uses a number; one that is taken already gets a further user after its first.

        Raises Clash if another transaction took one of them meanwhile.
        """
        known = self._users(numbers)
        fresh = [(key, known.get(key, []), id) for key, id in sorted(numbers.items())]
        self._driver.many(
            self._sql.take_number,
            [
                (key.branch, key.date, key.series, key.overflow, key.number, len(users) + 1, id)
                for key, users, id in fresh
                if id not in users
            ],
        )

    def _users(self, numbers: Collection[NumberKey]) -> dict[NumberKey, list[str]]:
        lines: dict[tuple[str, str, str, str], list[int]] = {}
        for key in numbers:
            lines.setdefault((key.branch, key.date, key.series, key.overflow), []).append(key.number)
        users: dict[NumberKey, list[str]] = {}
        for (branch, date, series, overflow), wanted in lines.items():
            values = self._driver.values(wanted)
            for number, id in self._driver.all(self._sql.users, branch, date, series, overflow, values):
                users.setdefault(NumberKey(branch, series, date, overflow, number), []).append(id)
        return users

    def purges(self, install_id: str) -> list[PurgeRow]:
        """Return an install's purge orders, oldest first."""
        found = [rows.read_purge(row) for row in self._driver.all(self._sql.lock_purges, install_id)]
        return sorted(found, key=lambda purge: (purge.ordered_at, purge.purge))

    def save_purge(self, purge: PurgeRow) -> None:
        """Put a purge order."""
        self._driver.run(self._sql.put_purge, *rows.write_purge(purge))

    def note_received(self, install_id: str, seqs: Mapping[str, int], at: str) -> None:
        """Replace what an install is known to hold: bucket → cursor, seen at this moment."""
        self._driver.run(self._sql.forget_received, install_id)
        news = [(install_id, bucket, seq, at) for bucket, seq in sorted(seqs.items())]
        self._driver.many(self._sql.add_received, news)

    def drop_rows(self, bucket: str, upto: int) -> int:
        """Delete rows that left the bucket at or below `upto`, raise its floor to it, return how many went."""
        state = self._lock_buckets([bucket])[bucket]
        raised = msgspec.structs.replace(state, floor=max(state.floor, upto))
        self._driver.run(self._sql.put_bucket, *rows.write_bucket(raised))
        return self._driver.run(self._sql.drop_rows, bucket, upto)

    def audit(self, entry: AuditEntry) -> None:
        """Chain an entry at the end of the unit."""
        self._entries.append(entry)

    def send(self, work: Sequence[Outbound]) -> None:
        """Put work on its way to the central CRM."""
        self._driver.many(self._sql.add_outbound, [(one.kind, one.id, one.version, one.at) for one in work])

    def follow_up_later(self, kind: str, ids: Sequence[str], at: str) -> None:
        """Make sure that what follows from these records is done soon after the commit."""
        self._driver.many(self._sql.add_follow_up, rows_of(kind, ids, at))
        self.is_followed = True

    @property
    def written_at(self) -> str:
        """The moment of the newest write."""
        return max(write.after.changed_at for write in self._writes.values())

    def finish(self) -> frozenset[str]:
        """Project and react, number the feed, chain the audit; return the buckets that moved. Commit follows."""
        self._react()
        moves = changes_of(self._writes.values())
        if moves:
            self._number(moves, self.written_at)
        if self._entries:
            self._chain()
        return frozenset(moves)

    def _react(self) -> None:
        """Project what was written and let follow what follows from it, and from that in turn."""
        for _ in range(ROUNDS_MAX):
            if not self._fresh:
                return
            fresh, self._fresh = list(self._fresh.values()), {}
            self._projector.project(fresh, self._driver)
            self._reactions.follow(self, fresh, self.written_at)
        assert not self._fresh, "reactions go round in a circle"

    def _number(self, moves: Mapping[str, list[Move]], at: str) -> None:
        states = self._lock_buckets(sorted(moves))
        counted: list[BucketState] = []
        memberships: list[Membership] = []
        for name in sorted(moves):
            state, numbered = advance(states[name], moves[name], at)
            counted.append(state)
            memberships += numbered
        self._driver.many(self._sql.put_bucket, [rows.write_bucket(state) for state in counted])
        # A record that is new lies nowhere yet, and an INSERT that need not look for it takes two thirds of the time.
        known = {key for key, write in self._writes.items() if write.before is not None}
        if not known:
            self._driver.many(self._sql.add_membership, memberships)
            return
        olds = [(row.kind, row.id) in known for row in memberships]
        self._driver.many(self._sql.add_membership, list(compress(memberships, map(not_, olds))))
        self._driver.many(self._sql.put_membership, list(compress(memberships, olds)))

    def _lock_buckets(self, names: Sequence[str]) -> dict[str, BucketState]:
        """Lock the buckets' rows in sorted order, making those that are missing.

        All rows that exist are locked before any is made, so two units can not wait for each other.
        """
        found = {row[0]: rows.read_bucket(row) for row in self._locked(self._sql.lock_buckets, names)}
        missing = [name for name in names if name not in found]
        if missing:
            fresh = [rows.write_bucket(BucketState(name=name)) for name in missing]
            self._driver.many(self._sql.new_bucket, fresh)
            found |= {row[0]: rows.read_bucket(row) for row in self._locked(self._sql.lock_buckets, missing)}
        return found

    def _chain(self) -> None:
        streams = sorted({entry.stream for entry in self._entries})
        heads = {stream: (length, hash) for stream, length, hash in self._locked(self._sql.lock_streams, streams)}
        missing = [stream for stream in streams if stream not in heads]
        if missing:
            self._driver.many(self._sql.new_stream, [(stream, 0, "") for stream in missing])
            again = self._locked(self._sql.lock_streams, missing)
            heads |= {stream: (length, hash) for stream, length, hash in again}
        linked = []
        for entry in self._entries:
            length, previous = heads[entry.stream]
            heads[entry.stream] = (length + 1, link(previous, entry))
            linked.append(rows.write_entry(entry, *heads[entry.stream]))
        self._driver.many(self._sql.add_entry, linked)
        self._driver.many(self._sql.put_stream, [(stream, *heads[stream]) for stream in streams])

    def _locked(self, sql: str, names: Sequence[str]) -> list[Row]:
        return self._driver.all(sql, self._driver.values(names))
