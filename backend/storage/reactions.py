"""Reactions: what follows from a write, in its transaction or a moment later - one slice's answer to another's."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING

from sync.kind import Kinds
from sync.puts import Put, put_records
from sync.store import Key, Write

if TYPE_CHECKING:
    from backend.storage.unit import SqlUnit

BY = "server"

# Gets the writes of one kind, each with the record before and after, and the moment; returns what must follow. It may
# ask projections, which know these writes already, and write rows of its slice's own tables. It must return the same
# for the same writes, and nothing once all is as it should be: what it returns is reacted to in turn.
Reaction = Callable[["SqlUnit", Sequence[Write], str], Sequence[Put]]


class Reactions:
    """The reactions of one store: kind → what follows when records of it were written.

    What follows from the kinds `later` waits until the write is committed (follow_ups.py): its reactions get records
    as they are then, as if each had been written only now.
    """

    def __init__(
        self, kinds: Kinds, rules: Mapping[str, Sequence[Reaction]], *, later: Collection[str] = ()
    ) -> None:  # fmt: skip
        self._kinds = kinds
        self._rules = rules
        self._later = frozenset(later)

    def follow(self, unit: "SqlUnit", writes: Sequence[Write], at: str) -> None:
        """Write what follows from these writes; whoever calls asks again, for what follows from that."""
        by_kind: dict[str, list[Write]] = {}
        for write in writes:
            if write.after.kind in self._rules:
                by_kind.setdefault(write.after.kind, []).append(write)
        for kind in sorted(by_kind):
            if kind in self._later:
                unit.follow_up_later(kind, sorted(write.after.id for write in by_kind[kind]), at)
            else:
                self._react(unit, kind, by_kind[kind], at)

    def catch_up(self, unit: "SqlUnit", kind: str, ids: Collection[str], at: str) -> None:
        """Write what follows from records that were written before."""
        found = unit.records([Key(kind.partition(":")[0], id) for id in ids])
        writes = [Write(before=None, after=found[key]) for key in sorted(found)]
        if writes:
            self._react(unit, kind, writes, at)

    def _react(self, unit: "SqlUnit", kind: str, writes: Sequence[Write], at: str) -> None:
        for react in self._rules[kind]:
            if puts := react(unit, writes, at):
                put_records(unit, self._kinds, puts, by=BY, at=at)


NO_REACTIONS = Reactions({}, {})
