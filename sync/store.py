"""What the engine asks of a store: snapshots to read, units of work to write. memory.py is its plainest form."""

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple, Protocol, TypeVar

from msgspec import Struct

T = TypeVar("T")


class Key(NamedTuple):
    """A record's identity."""

    kind: str
    id: str


make_key = partial(tuple.__new__, Key)  # half the cost of calling Key, and each mutation needs several


class Stored(Struct, frozen=True, kw_only=True):
    """A record as it lies in the store.

    `standing` is live, deleted (the id is retired for ever) or parked (its creation waits for a person).
    `left` tells when the record left a bucket, so that late evidence can be judged.
    """

    kind: str
    id: str
    version: int
    body: bytes  # JSON; empty unless live
    field_versions: Mapping[str, int] = {}  # absent: unchanged since version 1
    buckets: frozenset[str] = frozenset()
    left: Mapping[str, str] = {}
    standing: str = "live"
    changed_by: str = ""
    changed_at: str = ""
    parked_by: str | None = None  # install of a parked creation
    review: str | None = None  # the review that holds a parked creation

    @property
    def key(self) -> Key:
        """The record's identity."""
        return make_key((self.kind, self.id))


class Write(Struct, frozen=True, kw_only=True):
    """A record before and after a unit of work; `cause` is what its old buckets are told."""

    before: Stored | None
    after: Stored
    cause: str = "moved"


class Install(Struct, frozen=True, kw_only=True):
    """What the engine remembers of one install."""

    install_id: str
    ack_n: int = 0
    evidence_head: str = ""  # hash of the newest accepted evidence
    letter: str = "A"  # names this install's overflow series
    public_key: bytes = b""  # JWK


class Remembered(Struct, frozen=True, kw_only=True):
    """A settled mutation: the digest of its content, and the answer that a retry gets again."""

    install_id: str
    n: int
    digest: str
    outcome: bytes  # contracts.push.Outcome as JSON
    kind: str = ""
    id: str = ""


class Settled(Struct, frozen=True, kw_only=True):
    """What one push settled, all together: `text` tells it of each mutation from first to last (sync/settled.py)."""

    install_id: str
    first_n: int
    last_n: int
    text: bytes


class Evidence(Struct, frozen=True, kw_only=True):
    """A signed mutation exactly as it came, for whoever verifies it later."""

    install_id: str
    n: int
    hash: str
    prev: str
    kind: str
    id: str
    mutation: bytes  # canonical JSON, signature included
    countersignature: str
    received_at: str


class BucketState(Struct, frozen=True, kw_only=True):
    """A bucket's counters: newest number, oldest number from which the feed is whole, live records, digest."""

    name: str
    head: int = 0
    floor: int = 0
    n: int = 0
    digest: int = 0  # sum modulo 2**64


class Glance(NamedTuple):
    """What every pull begins with: the epoch, how far an install's mutations are settled, the states of buckets."""

    epoch: str
    ack_n: int | None  # None: there is no such install
    states: Mapping[str, BucketState]


class FeedRow(NamedTuple):
    """One membership of a record in a bucket, joined to the record's newest state."""

    seq: int
    kind: str
    id: str
    x: str | None
    version: int
    body: bytes


class WrittenRows(NamedTuple):
    """Rows of one bucket in order, as JSON objects with commas between.

    `n` tells how many, `last` the number of the last one, and `is_end` says that none follows it.
    """

    text: bytes
    n: int
    last: int
    is_end: bool


class Membership(NamedTuple):
    """A feed row as it is written."""

    bucket: str
    seq: int
    kind: str
    id: str
    x: str | None
    at: str


class NumberKey(NamedTuple):
    """A queue number's identity; `overflow` is empty for numbers from leases."""

    branch: str
    series: str
    date: str
    overflow: str
    number: int


class LeaseRow(Struct, frozen=True, kw_only=True):
    """A block of numbers given to an install; `state` is open, returned, closed (day end) or void (gap)."""

    lease_id: str
    request_id: str
    install_id: str
    branch: str
    series: str
    date: str
    lo: int
    hi: int
    expires_at: str
    state: str = "open"
    unused: Sequence[int] = ()  # numbers returned or voided, known once the lease is not open


class PurgeRow(Struct, frozen=True, kw_only=True):
    """A purge order to one install, open until its receipt, or until every bucket in it was given back."""

    purge: str
    install_id: str
    buckets: Sequence[str]
    cause: str
    ordered_at: str
    deadline: str
    receipt: bytes | None = None

    @property
    def is_open(self) -> bool:
        """Whether the install still has to carry it out."""
        return self.receipt is None and len(self.buckets) > 0


class AuditEntry(Struct, frozen=True, kw_only=True):
    """What somebody did; entries of one stream form a hash chain in the order of commits."""

    stream: str
    at: str
    actor: str
    action: str
    subject: str = ""
    result: str = "ok"
    detail: Mapping[str, Any] = {}


class Outbound(Struct, frozen=True, kw_only=True):
    """Accepted work on its way to the central CRM."""

    kind: str
    id: str
    version: int
    at: str


class Snapshot(Protocol):
    """A consistent view of everything at one moment."""

    def epoch(self) -> str: ...
    def past_epochs(self) -> frozenset[str]: ...
    def find_install(self, install_id: str) -> Install | None: ...
    def buckets(self, names: Collection[str]) -> dict[str, BucketState]:
        """Return the state of each named bucket; one that has no rows yet is all zeros."""
        ...

    def glance(self, install_id: str, names: Collection[str]) -> Glance:
        """Return epoch, acknowledged number and bucket states in one question."""
        ...

    def rows(self, bucket: str, after: int, limit: int) -> list[FeedRow]:
        """Return feed rows with `seq > after` in order, at most `limit`."""
        ...

    def written_rows(self, bucket: str, after: int, limit: int, max_bytes: int) -> WrittenRows:
        """Return the same rows as the wire shows them, and no more than fit in `max_bytes`, commas counted."""
        ...

    def live_ids(self, bucket: str) -> list[tuple[str, str, int]]:
        """Return (id, kind, version) of every live record of a bucket, ordered by id."""
        ...

    def rows_of(self, bucket: str, ids: Collection[str]) -> list[FeedRow]:
        """Return the live feed rows of these ids in a bucket."""
        ...

    def records(self, keys: Collection[Key]) -> dict[Key, Stored]: ...
    def remembered(self, install_id: str, numbers: Collection[int]) -> dict[int, Remembered]: ...
    def evidence_among(self, install_id: str, hashes: Collection[str]) -> set[str]:
        """Return which of these are hashes of evidence that came from this install; it reads all of that install's."""
        ...

    def find_lease(self, lease_id: str) -> LeaseRow | None: ...
    def leases(self, branch: str, date: str) -> list[LeaseRow]: ...
    def numbers(self, branch: str, date: str) -> dict[NumberKey, tuple[str, ...]]:
        """Return every used number of a branch's day with its records, the first user first."""
        ...

    def purges(self, install_id: str) -> list[PurgeRow]: ...
    def received(self, install_id: str) -> dict[str, int]:
        """Return the buckets that an install has been sent, with the cursor it last showed in each."""
        ...

    def bucket_names(self) -> list[str]: ...
    def newest_before(self, bucket: str, moment: str) -> int:
        """Return the newest number of a bucket's rows that were written before `moment`, 0 if there is none."""
        ...

    def cursors(self, bucket: str, seen_since: str) -> list[int]:
        """Return the cursors noted in a bucket of the installs seen since a moment."""
        ...


class Unit(Snapshot, Protocol):
    """One transaction. Reads see its own writes and lock what they return until it ends.

    At its end, after all other writes, the store numbers the collected record writes bucket by bucket in
    sorted order (sync.feed), chains the audit entries, and commits; any exception undoes everything.
    """

    def peek(self, keys: Collection[Key]) -> dict[Key, Stored]:
        """Return records without keeping others from changing them: what is only looked up."""
        ...

    def save_install(self, install: Install) -> None: ...
    def remember(self, settled: Settled) -> None: ...
    def save_records(self, writes: Sequence[Write]) -> None: ...
    def add_evidence(self, evidence: Sequence[Evidence]) -> None: ...
    def next_number(self, branch: str, series: str, date: str, count: int) -> int:
        """Raise the line's counter by `count` and return the first number of the block, from 1."""
        ...

    def raise_number(self, branch: str, series: str, date: str, least: int) -> None:
        """Make sure that no number up to and including `least` is given out again."""
        ...

    def find_lease_by_request(self, install_id: str, request_id: str) -> LeaseRow | None: ...
    def open_leases(self, install_id: str) -> list[LeaseRow]: ...
    def save_lease(self, lease: LeaseRow) -> None: ...
    def taken(self, numbers: Collection[NumberKey]) -> dict[NumberKey, str]:
        """Return the first user of each of these numbers that is used."""
        ...

    def take_numbers(self, numbers: Mapping[NumberKey, str]) -> None:
        """Note which record uses a number; one that is taken already gets a further user after its first."""
        ...

    def save_purge(self, purge: PurgeRow) -> None: ...
    def note_received(self, install_id: str, seqs: Mapping[str, int], at: str) -> None:
        """Replace what an install is known to hold: bucket → cursor, seen at this moment."""
        ...

    def drop_rows(self, bucket: str, upto: int) -> int:
        """Delete rows that left the bucket at or below `upto`, raise its floor to it, return how many went."""
        ...

    def audit(self, entry: AuditEntry) -> None: ...
    def send(self, work: Sequence[Outbound]) -> None: ...


class Store(Protocol):
    """Where everything lies."""

    def read(self, look: Callable[[Snapshot], T]) -> T:
        """Run `look` on one snapshot."""
        ...

    def write(self, work: Callable[[Unit], T]) -> T:
        """Run `work` as one transaction and return its result once it is committed.

        A clash with another transaction undoes it and runs it again. Raises Busy if that never succeeds.
        """
        ...
