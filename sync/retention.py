"""Retention: how far a bucket's feed may forget without surprising a living tablet (protocol.md §7)."""

from collections.abc import Iterable

from msgspec import Struct


class CompactReport(Struct, frozen=True, kw_only=True):
    """What a compaction did: rows dropped and the new floor, per bucket that moved."""

    dropped: dict[str, int]
    floors: dict[str, int]

    @property
    def rows(self) -> int:
        """Return the number of rows that went."""
        return sum(self.dropped.values())


def horizon(old_seq: int, cursors: Iterable[int], head: int) -> int:
    """Return the number up to which rows that left a bucket may go.

    `old_seq` is the newest number given out before the retention time; `cursors` are those of the installs
    seen since then. A tablet that has not read a row holds it back, unless it has been away too long.
    """
    return min([old_seq, head, *cursors])
