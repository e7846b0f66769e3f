"""How many visits are graded in a second: each with all flags, against the earlier visits of the same person.

Run by itself: `python -m tests.bench.grading [visits] [earlier ones]`.
"""

import json
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from backend.app import PROJECTIONS
from backend.domain.handoffs.visits import Grader
from backend.migrations import migrate
from backend.registry import KINDS
from backend.storage.engine import make_engine
from backend.storage.sql_store import SqlStore
from backend.storage.unit import SqlUnit
from sync.moments import write_moment
from sync.puts import put_records
from sync.store import Key, Write
from tests.backend.visits.field import Field, Pad

VISITS, EARLIER = 60, 200
OF_A_DAY, BATCH = 4, 20
LAST = datetime(2026, 11, 20, 2, tzinfo=UTC)
AT = write_moment(LAST + timedelta(days=1))


def measure(visits: int = VISITS, earlier: int = EARLIER) -> dict[str, float]:
    """Return visits graded in a second, one in each transaction, commit included; the pushes are not counted."""
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/padsync.db"
        migrate(url)
        with SqlStore(make_engine(url), PROJECTIONS) as store:  # without reactions: here, grading is called by hand
            ids = _visits(Pad(Field(store)), earlier + visits)
            for start in range(0, earlier, BATCH):
                _grade(store, ids[start : min(start + BATCH, earlier)])
            began = time.perf_counter()
            for id in ids[earlier:]:
                _grade(store, [id])
            return {"visits_graded_s": round(visits / (time.perf_counter() - began), 1)}


def _visits(pad: Pad, count: int) -> list[str]:
    """Return the visits of one person, four a day up to yesterday, oldest first; each has a photo."""
    days = -(-count // OF_A_DAY)
    ids = []
    for nth in range(count):
        at = LAST - timedelta(days=days - 1 - nth // OF_A_DAY) + timedelta(hours=2 * (nth % OF_A_DAY))
        ids.append(pad.visit(write_moment(at), photos=[sha256(str(nth).encode()).hexdigest()]))
        if len(pad.owed) == BATCH or nth == count - 1:
            assert {outcome.status for outcome in pad.push()} == {"applied"}
    return ids


def _grade(store: SqlStore, ids: Sequence[str]) -> None:
    def work(unit: SqlUnit) -> None:
        found = unit.records([Key("visit", id) for id in ids])
        writes = [Write(before=None, after=stored, cause="") for stored in found.values()]
        assert len(writes) == len(ids), "every visit was accepted"
        graded = put_records(unit, KINDS, Grader().grade_visits(unit, writes, AT), by="bench", at=AT)
        assert len(graded) >= len(ids), "every visit is graded"

    store.write(work)


if __name__ == "__main__":
    print(json.dumps(measure(*map(int, sys.argv[1:])), indent=1))
