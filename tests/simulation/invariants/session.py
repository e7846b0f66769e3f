"""I6: what one tablet shows its user - own writes, and versions that never go back."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from sync.merge import get_path
from sync.store import Key
from sync.tablet.tablet import Tablet


class State(NamedTuple):
    """How far a tablet has come."""

    epoch: str | None
    cursor: str | None
    ack_n: int


class SessionWatch:
    """Remembers what a tablet has shown, and what was written on it and is in no pull yet."""

    def __init__(self) -> None:
        self._seen: dict[Key, int] = {}
        self._epoch: str | None = None
        self._is_between_epochs = False
        self._written: dict[tuple[str, str], dict[str, Any]] = {}

    def state_of(self, tablet: Tablet) -> State:
        """Return how far the tablet has come."""
        found = tablet._parts.database.execute("SELECT epoch, cursor, ack_n FROM install").fetchone()
        return State(*found)

    def note_written(self, tablet: Tablet, kind: str, id: str, set: Mapping[str, Any]) -> None:
        """I6: a write shows at once."""
        self._written.setdefault((kind, id), {}).update(set)
        self._check_read_your_writes(tablet)

    def forget_written(self, kind: str, id: str) -> None:
        """Forget the writes to a record that was deleted or moved since."""
        self._written.pop((kind, id), None)

    def check(self, tablet: Tablet, before: State, *, went_well: bool) -> None:
        """Check the tablet after a sync, whether it went well or not."""
        now = self.state_of(tablet)
        has_finished_a_round = now.cursor != before.cursor
        if has_finished_a_round or now.ack_n != before.ack_n:
            self._written.clear()
        self._check_read_your_writes(tablet)
        if now.epoch != self._epoch:
            self._epoch, self._is_between_epochs = now.epoch, True
        # A restore sets everything back once, and what waits to be purged is not set back at all.
        if went_well and has_finished_a_round and self._is_between_epochs:
            self._seen.clear()
            self._is_between_epochs = False
        if not self._is_between_epochs:
            self._check_monotonic_reads(tablet)

    def _check_read_your_writes(self, tablet: Tablet) -> None:
        for (kind, id), fields in self._written.items():
            view = tablet.view(kind, id)
            if view is None:  # the record left the tablet with its bucket
                continue
            for path, value in fields.items():
                shown = get_path(view.body, path)
                assert shown == value, f"I6: {kind} {id} shows {path}={shown!r}, written {value!r}"

    def _check_monotonic_reads(self, tablet: Tablet) -> None:
        rows = tablet._parts.database.execute("SELECT kind, id, version FROM record").fetchall()
        for kind, id, version in rows:
            key = Key(kind, id)
            assert version >= self._seen.get(key, 0), f"I6: {key} went back from {self._seen[key]} to {version}"
            self._seen[key] = version
