"""Pull: one page of what changed in a person's buckets, read in one snapshot (protocol.md §4)."""

from collections.abc import Mapping

from msgspec import Raw, Struct

from contracts.pull import Change, Digest
from sync.cursor import Position
from sync.digest import write_digest
from sync.store import BucketState, FeedRow, Snapshot

ROW_OVERHEAD_BYTES = 110  # names and punctuation around a body


class Plan(Struct, frozen=True, kw_only=True):
    """Where to begin in each bucket, and which of them are sent in full."""

    starts: Mapping[str, Position]
    reset: list[str]


class Page(Struct, frozen=True, kw_only=True):
    """A filled page: its changes, the new positions, and whether every bucket was read to its head."""

    changes: list[Change]
    positions: Mapping[str, Position]
    is_complete: bool


def plan_page(states: Mapping[str, BucketState], known: Mapping[str, Position], *, is_whole: bool) -> Plan:
    """Return where each bucket of the scope begins.

    A bucket starts anew, and is named in `reset`, when the tablet has no position in it, `is_whole` asks for
    everything (another epoch or schema), its position is below the floor, or the floor moved during a scan (C5).
    """
    starts, reset = {}, []
    for name in sorted(states):
        state, at = states[name], known.get(name)
        if at is None or is_whole or _is_expired(state, at):
            at = Position(0, state.floor)
            reset.append(name)
        starts[name] = at
    return Plan(starts=starts, reset=reset)


def fill_page(
    snapshot: Snapshot, states: Mapping[str, BucketState], starts: Mapping[str, Position], *, limit: int, max_bytes: int
) -> Page:
    """Read rows bucket by bucket until `limit` rows or `max_bytes` are on the page; at least one row if any."""
    changes: list[Change] = []
    positions = dict(starts)
    room_bytes = max_bytes
    for name, start in starts.items():
        head, room = states[name].head, limit - len(changes)
        if start.seq < head and room > 0 and room_bytes > 0:
            rows = snapshot.rows(name, start.seq, room)
            fitting, room_bytes = _fit(rows, room_bytes, at_least=0 if changes else 1)
            is_read = len(fitting) == len(rows) < room
            positions[name] = Position(head if is_read else fitting[-1].seq if fitting else start.seq, start.boot)
            changes += [as_change(name, row) for row in fitting]
            room_bytes = room_bytes if is_read else 0
        positions[name] = _after_scan(positions[name])
    is_complete = all(positions[name].seq >= states[name].head for name in states)
    return Page(changes=changes, positions=positions, is_complete=is_complete)


def digests_to_send(
    states: Mapping[str, BucketState], moved: frozenset[str], have: Mapping[str, Digest] | None
) -> dict[str, Digest]:
    """Return the digests of buckets that moved on this page or that the tablet sees differently (C6)."""
    have = have or {}
    digests = {}
    for name, state in states.items():
        digest = write_digest(state.digest)
        mine = have.get(name)
        if name in moved or (mine is not None and (mine.n, mine.d) != (state.n, digest)):
            digests[name] = Digest(s=state.head, n=state.n, d=digest)
    return digests


def as_change(bucket: str, row: FeedRow) -> Change:
    """Return a feed row as the wire shows it; the stored body goes out as it lies."""
    seq, kind, id, x, version, body = row
    if x is not None:
        return Change(b=bucket, s=seq, k=kind, id=id, x=x)
    return Change(b=bucket, s=seq, k=kind, id=id, v=version, d=Raw(body))


def _fit(rows: list[FeedRow], room_bytes: int, *, at_least: int) -> tuple[list[FeedRow], int]:
    """Return the first rows that fit, and the room that is left."""
    for count, row in enumerate(rows):
        room_bytes -= len(row.body) + ROW_OVERHEAD_BYTES
        if room_bytes < 0:
            return rows[: max(count, at_least)], 0
    return rows, room_bytes


def _is_expired(state: BucketState, at: Position) -> bool:
    if at.seq > state.head:  # a cursor from a future that a restore undid
        return True
    return at.seq < state.floor if at.boot is None else at.boot != state.floor


def _after_scan(at: Position) -> Position:
    """A scan that has passed the floor is an ordinary reader from then on."""
    return Position(at.seq) if at.boot is not None and at.seq >= at.boot else at
