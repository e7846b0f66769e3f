"""A slot of a job is claimed by whoever inserts its row first; a leader that was replaced finds it taken."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete
from sqlalchemy.dialects import postgresql, sqlite

from backend.jobs.tables import job_claim
from backend.storage.sql_store import SqlStore
from backend.storage.unit import SqlUnit
from sync.moments import write_moment

KEPT = timedelta(days=60)
INSERTS: dict[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}


def claim(store: SqlStore, job: str, slot: str, now: datetime, by: str) -> bool:
    """Return whether the slot is ours: nobody ever ran it, and nobody else will."""
    return store.write(lambda unit: _claim(unit, store.engine.dialect.name, job, slot, now, by))


def _claim(unit: SqlUnit, dialect: str, job: str, slot: str, now: datetime, by: str) -> bool:
    row = {"job": job, "slot": slot, "claimed_at": write_moment(now), "claimed_by": by}
    taken = INSERTS[dialect](job_claim).values(row).on_conflict_do_nothing().returning(job_claim.c.slot)
    is_ours = unit.connection.execute(taken).first() is not None
    unit.connection.execute(delete(job_claim).where(job_claim.c.claimed_at < write_moment(now - KEPT)))
    return is_ours
