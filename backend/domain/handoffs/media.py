"""Photos that arrive after their visit: what was missing is looked for, and the visit is judged again."""

from collections.abc import Callable
from functools import partial

from backend.domain.handoffs.visits import Grader
from backend.domain.visits.queries import list_missing, note_arrived
from backend.storage.snapshot import SqlSnapshot
from backend.storage.sql_store import SqlStore
from backend.storage.unit import SqlUnit
from sync.kind import Kinds
from sync.puts import put_records

BY = "server"
BATCH = 100  # photos that are settled in one transaction

Missing = list[tuple[str, str]]  # visit, digest


def settle_media(store: SqlStore, kinds: Kinds, grader: Grader, has_file: Callable[[str], bool], at: str) -> int:
    """Judge visits again whose photos have arrived since; return how many photos that were."""
    arrived = [(visit_id, digest) for visit_id, digest in _all_missing(store) if has_file(digest)]
    for start in range(0, len(arrived), BATCH):
        store.write(partial(_settle, kinds, grader, arrived[start : start + BATCH], at))
    return len(arrived)


def _all_missing(store: SqlStore) -> Missing:
    """Return every photo that has not arrived, read page by page."""
    found: Missing = []
    while page := store.read(partial(_page, found[-1] if found else ("", ""))):
        found += page
    return found


def _page(after: tuple[str, str], look: SqlSnapshot) -> Missing:
    return list_missing(look.connection, after)


def _settle(kinds: Kinds, grader: Grader, arrived: Missing, at: str, unit: SqlUnit) -> None:
    note_arrived(unit.connection, arrived, at)
    put_records(unit, kinds, grader.regrade(unit, {visit_id for visit_id, _ in arrived}), by=BY, at=at)
