"""The review queue at the size of a province: its pages among a million visits, a quarter of which wait.

Run by itself: `python -m tests.bench.visits [visits]`.
"""

import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from itertools import islice
from random import Random
from statistics import median
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Connection, Table, insert

from backend.app import PROJECTIONS
from backend.domain.orgs.models import org
from backend.domain.visits.models import visit, visit_review
from backend.domain.visits.queries import Picked
from backend.domain.visits.rules.thresholds import Thresholds
from backend.domain.visits.rules.waiting import columns_of, waiting_of
from backend.migrations import migrate
from backend.storage.engine import make_engine
from backend.storage.sql_store import SqlStore
from backend.storage.tables import record
from backend.sync_api.duty.scores import Asked, ScoreDesk
from backend.sync_api.duty.scoring import COMPONENTS
from backend.sync_api.visits.desk import VisitDesk
from contracts.kinds.visit_grade import GradeFlag, VisitGrade
from sync.kind import Actor

VISITS = 1_000_000
BANKS, BRANCHES_OF_A_BANK, PEOPLE_OF_A_BRANCH = 20, 15, 4
WAITING = 4  # one visit of so many waits
LIMIT, ROUNDS, PAGES_DEEP = 50, 30, 20
CHUNK = 20_000
MONTHS = [f"2026-{month:02d}" for month in range(1, 13)]
FLAGS = ("moved", "too_short", "text_reused", "mock", "burst", "late_sync")

_encode = msgspec.json.Encoder().encode


def measure(visits: int = VISITS) -> dict[str, float]:
    """Return milliseconds of the review queue's pages, as the desk answers them: each the median of many.

    `review_page_ms` is the slowest of the first pages of a branch, a bank and the whole house, and of a page deep in
    the house's queue.
    """
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/padsync.db"
        migrate(url)
        with SqlStore(make_engine(url), PROJECTIONS) as store:
            store.write(lambda unit: seed_tree(unit.connection))
            rows = graded(visits)
            while chunk := list(islice(rows, CHUNK)):
                store.write(lambda unit, chunk=chunk: seed(unit.connection, chunk))  # type: ignore[misc]  # a lambda with a default
            return measured(store)


def measured(store: SqlStore) -> dict[str, float]:
    desk = VisitDesk(store, Thresholds())
    house, bank, branch = (_supervisor(org_id) for org_id in ("U", "B7", "B7-105"))

    def page(actor: Actor, after: str | None = None, **picked: str) -> Any:
        return desk.reviews(actor, "open", Picked(**picked), org_id=None, after=after, limit=LIMIT)

    deep = None
    for _ in range(PAGES_DEEP):
        deep = page(house, deep).next
    first = {actor.org_id: typical_ms(lambda actor=actor: page(actor)) for actor in (house, bank, branch)}  # type: ignore[misc]  # a lambda with a default
    deep_ms = typical_ms(lambda: page(house, deep))
    scores = ScoreDesk(store, dict.fromkeys(COMPONENTS, 1))
    asked = Asked(month=MONTHS[5], level="branch")
    return {
        "review_page_ms": round(max(*first.values(), deep_ms), 2),
        "review_page_branch_ms": round(first["B7-105"], 2),
        "review_page_bank_ms": round(first["B7"], 2),
        "review_page_house_ms": round(first["U"], 2),
        "review_page_deep_ms": round(deep_ms, 2),
        "review_page_rare_flag_ms": round(typical_ms(lambda: page(house, flag="mock", grade="D", month=MONTHS[3])), 2),
        "score_bank_ms": round(typical_ms(lambda: scores.scores(bank, asked, after=None, limit=100)), 1),
    }


def typical_ms(work: Callable[[], object]) -> float:
    """Return the median of many runs, in milliseconds."""
    took = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        work()
        took.append(time.perf_counter() - began)
    return 1000 * median(took)


def graded(visits: int) -> Iterator[tuple[str, VisitGrade]]:
    """Visits of all persons through a year; of a quarter nobody can say that they were where they should be."""
    random, branches = Random(20), BANKS * BRANCHES_OF_A_BANK
    for n in range(visits):
        branch = random.randrange(branches)
        day = f"{MONTHS[n % 12]}-{1 + random.randrange(28):02d}"
        waits = random.randrange(WAITING) == 0
        codes = random.sample(FLAGS, 1 + random.randrange(3)) if waits else []
        flags = [
            GradeFlag(code=code, seriousness="warning", points=20, zh="说明" * 12, en="why " * 12) for code in codes
        ]
        yield (
            str(UUID(int=random.getrandbits(122), version=4)),
            VisitGrade(
                author=f"m{branch}-{random.randrange(PEOPLE_OF_A_BRANCH)}",
                org_id=f"B{branch // BRANCHES_OF_A_BANK}-{branch}",
                customer_id=str(UUID(int=random.randrange(300_000), version=4)),
                install_id=str(UUID(int=branch, version=4)), at=f"{day}T02:{n % 60:02d}:00.000Z", local_date=day,
                time_quality="anchored", grade="D" if waits and len(codes) > 2 else "C" if waits else "A",
                verdict="OUTSIDE" if waits else "INSIDE", place="shop", distance_m=random.uniform(0, 5000),
                accuracy_m=12.0, probability=round(random.random(), 6) if waits else 1.0, has_coordinate=True,
                content_chars=40, flags=flags, points=20 * len(flags),
                review_state="pending" if waits else "counted",
            ),
        )  # fmt: skip


def seed_tree(connection: Connection) -> None:
    orgs = [{"org_id": "U", "name": "U", "level": "union", "parent": None}]
    orgs += [{"org_id": f"B{n}", "name": f"B{n}", "level": "bank", "parent": "U"} for n in range(BANKS)]
    for n in range(BANKS * BRANCHES_OF_A_BANK):
        bank = f"B{n // BRANCHES_OF_A_BANK}"
        orgs.append({"org_id": f"{bank}-{n}", "name": str(n), "level": "branch", "parent": bank})
    connection.execute(insert(org), orgs)


def seed(connection: Connection, chunk: list[tuple[str, VisitGrade]]) -> None:
    """Write visits as their reactions would; only those that a page can show have their whole record."""
    _put(connection, visit, [_projected(id, grade) for id, grade in chunk])
    queued, records = [], []
    for id, grade in chunk:
        waiting = waiting_of(id, grade)
        if waiting is not None:
            areas = (waiting.org_id, waiting.org_id.partition("-")[0], "U")
            queued += [columns_of(waiting) | {"area": area} for area in areas]
            records.append(
                {"kind": "visit_grade", "id": id, "version": 1, "body": _encode(grade), "field_versions": "{}",
                 "buckets": f'["visits:{grade.author}"]', "left": "{}", "standing": "live", "changed_by": "server",
                 "changed_at": grade.at, "parked_by": None, "review": None}
            )  # fmt: skip
    _put(connection, visit_review, queued)
    _put(connection, record, records)


def _put(connection: Connection, table: Table, rows: list[dict[str, Any]]) -> None:
    if rows:
        connection.execute(insert(table), rows)


def _projected(id: str, grade: VisitGrade) -> dict[str, Any]:
    copied = ("author", "org_id", "customer_id", "install_id", "type", "at", "local_date", "grade", "verdict",
              "probability", "points", "content_chars", "alert", "review_state")  # fmt: skip
    flags = " ".join(["", *(flag.code for flag in grade.flags), ""])
    return {name: getattr(grade, name) for name in copied} | {
        "id": id, "root": id, "month": grade.local_date[:7], "flags": flags, "has_coordinate": 1,
    }  # fmt: skip


def _supervisor(org_id: str) -> Actor:
    return Actor(install_id="", staff_no="s", org_id=org_id, roles=frozenset({"supervisor"}))


if __name__ == "__main__":
    print(json.dumps(measure(*map(int, sys.argv[1:])), indent=1))
