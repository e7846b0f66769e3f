"""Pull: one page of what changed in a person's buckets, read in one snapshot (protocol.md §4)."""

from collections.abc import Collection, Mapping

from msgspec import Struct

from contracts.pull import PAGE_BYTES_MAX, Change, Digest
from sync.cursor import Position
from sync.digest import write_digest
from sync.store import BucketState, Snapshot
from sync.written import WrittenChanges


class Plan(Struct, frozen=True, kw_only=True):
    """Where to begin in each bucket, and which of them are sent in full."""

    starts: Mapping[str, Position]
    reset: list[str]


class Page(Struct, frozen=True, kw_only=True):
    """A filled page: its changes and their buckets, the new positions, whether every bucket was read to its head."""

    changes: list[Change]
    moved: Collection[str]
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
    texts: dict[str, bytes] = {}
    positions, count, room_bytes = dict(starts), 0, max_bytes
    for name, start in starts.items():
        head, room = states[name].head, limit - count
        if start.seq < head and room > 0 and room_bytes > 0:
            rows = snapshot.written_rows(name, start.seq, room, room_bytes)
            if not (rows.n or rows.is_end or texts):
                rows = snapshot.written_rows(name, start.seq, 1, PAGE_BYTES_MAX)
            positions[name] = Position(head if rows.is_end else rows.last, start.boot)
            room_bytes = room_bytes - len(rows.text) if rows.is_end else 0
            count += rows.n
            if rows.n:
                texts[name] = rows.text
        positions[name] = _after_scan(positions[name])
    is_complete = all(positions[name].seq >= states[name].head for name in states)
    changes = WrittenChanges(list(texts.values()), count)
    return Page(changes=changes, moved=texts.keys(), positions=positions, is_complete=is_complete)


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


def _is_expired(state: BucketState, at: Position) -> bool:
    if at.seq > state.head:  # a cursor from a future that a restore undid
        return True
    return at.seq < state.floor if at.boot is None else at.boot != state.floor


def _after_scan(at: Position) -> Position:
    """A scan that has passed the floor is an ordinary reader from then on."""
    return Position(at.seq) if at.boot is not None and at.seq >= at.boot else at
