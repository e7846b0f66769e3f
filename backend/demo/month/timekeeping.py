"""The server's timed jobs on the played clock, and the moment when all that was pushed has been judged."""

import time

from sqlalchemy import func, select

from backend.app import House
from backend.domain.visits.models import visit
from backend.jobs.claims import claim
from backend.jobs.schedule import slot_of
from backend.storage.tables import evidence

BY = "demo"
JUDGED_S_MAX = 30.0  # so long a push may wait for its grades before something is wrong


def run_due(house: House) -> list[str]:
    """Run every timed job whose slot has begun and is still free, as the clockwork does; return which ran."""
    now = house.engine.clock()
    due = [job for job in house.clockwork.jobs if claim(house.store, job.name, slot_of(job, now), now, BY)]
    for job in due:
        job.run(now)
    return [job.name for job in due]


def await_judgement(house: House) -> None:
    """Wait until every visit that has arrived is graded: a server may judge moments after it has answered a push."""
    ends_at = time.monotonic() + JUDGED_S_MAX
    while _count_unjudged(house):
        assert time.monotonic() < ends_at, "visits are not graded"
        time.sleep(0.02)


def _count_unjudged(house: House) -> int:
    arrived = select(func.count()).select_from(evidence).where(evidence.c.kind == "visit")
    graded = select(func.count()).select_from(visit)
    both = select(arrived.scalar_subquery() - graded.scalar_subquery())
    return int(house.store.read(lambda look: look.connection.execute(both).scalar_one()))
