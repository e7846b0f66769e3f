"""Reactions: what follows from a write, in the same transaction - records of one slice that answer to another's."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from sync.kind import Kinds
from sync.puts import Put, put_records
from sync.store import Write

if TYPE_CHECKING:
    from backend.storage.unit import SqlUnit

BY = "server"

# Gets the writes of one kind, each with the record before and after, and the moment; returns what must follow. It may
# ask projections, which know these writes already, and write rows of its slice's own tables. It must return the same
# for the same writes, and nothing once all is as it should be: what it returns is reacted to in turn.
Reaction = Callable[["SqlUnit", Sequence[Write], str], Sequence[Put]]


class Reactions:
    """The reactions of one store: kind → what follows when records of it were written."""

    def __init__(self, kinds: Kinds, rules: Mapping[str, Sequence[Reaction]]) -> None:
        self._kinds = kinds
        self._rules = rules

    def follow(self, unit: "SqlUnit", writes: Sequence[Write], at: str) -> None:
        """Write what follows from these writes; whoever calls asks again, for what follows from that."""
        by_kind: dict[str, list[Write]] = {}
        for write in writes:
            if write.after.kind in self._rules:
                by_kind.setdefault(write.after.kind, []).append(write)
        for kind in sorted(by_kind):
            for react in self._rules[kind]:
                if puts := react(unit, by_kind[kind], at):
                    put_records(unit, self._kinds, puts, by=BY, at=at)


NO_REACTIONS = Reactions({}, {})
