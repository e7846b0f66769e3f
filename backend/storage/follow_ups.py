"""Follow-ups: what may follow a moment after a commit, durable from that commit on, done in order and once.

A write whose consequences nobody waits for leaves a row here, in its own transaction. A thread works the rows off as
soon as no tablet waits for the writer; a row that was left behind by a process that died is found by the next.
"""

import threading
import time
from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
import structlog
from sqlalchemy import Row, Select, delete, func, select, update

from backend.storage.tables import follow_up

if TYPE_CHECKING:
    from backend.storage.snapshot import SqlSnapshot
    from backend.storage.sql_store import SqlStore
    from backend.storage.unit import SqlUnit

IDS_MAX = 20  # records that are done in one transaction: others wait for it
LOOK_S = 1.0  # how often a thread looks for rows that another process, or a dead one, has left
CALM_S, YIELD_S_MAX = 0.02, 1.0  # tablets go first, but never for so long that a judgement starves
TRIES_MAX = 5  # of one row, before it is left for an operator; it is tried again when the server starts

_MAY_BE_TRIED = follow_up.c.tries < TRIES_MAX

_log = structlog.get_logger("padsync.follow_ups")
_decode_ids = msgspec.json.Decoder(list[str]).decode


class FollowUp(NamedTuple):
    """Records of one kind whose consequences are due, the rows that say so, and when the newest was written."""

    positions: Sequence[int]
    kind: str
    ids: Sequence[str]
    at: str


def rows_of(kind: str, ids: Sequence[str], at: str) -> list[tuple[str, str, str, int]]:
    """Return the rows that make sure that these writes are followed up."""
    parts = (ids[start : start + IDS_MAX] for start in range(0, len(ids), IDS_MAX))
    return [(kind, msgspec.json.encode(part).decode(), at, 0) for part in parts]


def has_any(look: "SqlSnapshot") -> bool:
    """Say whether a row waits that may be tried."""
    return look.connection.execute(select(follow_up.c.position).where(_MAY_BE_TRIED).limit(1)).first() is not None


def take_oldest(unit: "SqlUnit") -> FollowUp | None:
    """Return what has waited longest and nobody else works on, with what came next of its kind, or None.

    A row that failed comes alone, so that it takes no other with it.
    """
    rows = _free(unit, select(follow_up).where(_MAY_BE_TRIED).limit(1))
    if not rows:
        return None
    oldest = rows[0]
    if oldest.tries == 0:
        alike = (follow_up.c.kind == oldest.kind, follow_up.c.tries == 0, follow_up.c.position > oldest.position)
        rows += _free(unit, select(follow_up).where(*alike).limit(IDS_MAX - 1))
    sums = accumulate(len(_decode_ids(row.ids)) for row in rows)
    rows = [row for row, together in zip(rows, sums, strict=True) if row is oldest or together <= IDS_MAX]
    ids = sorted({id for row in rows for id in _decode_ids(row.ids)})
    return FollowUp([row.position for row in rows], oldest.kind, ids, max(row.at for row in rows))


def take_off(unit: "SqlUnit", positions: Sequence[int]) -> None:
    """Forget what is done, in the transaction that does it."""
    unit.connection.execute(delete(follow_up).where(follow_up.c.position.in_(positions)))


def find_waiting(unit: "SqlUnit", kind: str) -> set[str]:
    """Return the records of a kind that will be followed up anyway, and hold them: nobody begins with them before."""
    rows = _free(unit, select(follow_up).where(follow_up.c.kind == kind, _MAY_BE_TRIED))
    return {id for row in rows for id in _decode_ids(row.ids)}


def _free(unit: "SqlUnit", chosen: Select[Any]) -> list[Row[Any]]:
    ordered = chosen.order_by(follow_up.c.position).with_for_update(skip_locked=True)
    return list(unit.connection.execute(ordered))


def count_waiting(store: "SqlStore") -> int:
    """Return how many rows wait, those that were given up included."""
    return int(store.read(lambda look: look.connection.scalar(select(func.count()).select_from(follow_up))) or 0)


def try_all_again(store: "SqlStore") -> None:
    """Let rows be tried that were given up: what was wrong may have been mended."""
    given_up = update(follow_up).where(follow_up.c.tries > 0).values(tries=0)
    store.write(lambda unit: unit.connection.execute(given_up))


def note_failure(store: "SqlStore", positions: Sequence[int]) -> None:
    """Count a failed try, in a transaction of its own."""
    failed = update(follow_up).where(follow_up.c.position.in_(positions)).values(tries=follow_up.c.tries + 1)
    store.write(lambda unit: unit.connection.execute(failed))


class Follower:
    """The thread that works follow-ups off; `start` it, `wake` it after a commit that left one, `stop` it."""

    def __init__(self, store: "SqlStore") -> None:
        self._store = store
        self._is_told, self._is_over = threading.Event(), threading.Event()
        self._handed_in = store.handed_in
        self._thread = threading.Thread(target=self._run, name="padsync-follower", daemon=True)

    def start(self) -> None:
        """Begin, with what is there already."""
        self._is_told.set()
        self._thread.start()

    def wake(self) -> None:
        """Say that there is something to do."""
        self._is_told.set()

    def stop(self) -> None:
        """Let the row under way be done; the others wait for the next start."""
        self._is_over.set()
        self._is_told.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        self._calmly(lambda: try_all_again(self._store))
        while not self._is_over.is_set():
            self._is_told.wait(LOOK_S)
            self._is_told.clear()
            while not self._is_over.is_set() and self._calmly(self._follow_one):
                pass

    def _follow_one(self) -> bool:
        self._let_others_go_first()
        self._handed_in += 1  # the one that comes now; if there are more, others want their turn
        return self._store.follow_up()

    def _let_others_go_first(self) -> None:
        """Wait until nobody has handed in anything to this process for a moment."""
        until = time.monotonic() + YIELD_S_MAX
        while self._handed_in != (now := self._store.handed_in) and time.monotonic() < until:
            self._handed_in = now
            self._is_over.wait(CALM_S)

    def _calmly(self, step: Callable[[], object]) -> bool:
        """Return whether a step did something; one that fails is logged, and tried again later."""
        try:
            return bool(step())
        except Exception as error:  # the thread must live: the database may be away for a while
            _log.error("follow_up_failed", error=type(error).__qualname__)
            return False
