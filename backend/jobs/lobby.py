"""The timed work of the lobby: paces for the tablets, and the days' figures."""

from backend.domain.handoffs.lobby_days import Savings, keep_days
from backend.domain.handoffs.paces import refresh_paces
from backend.jobs.schedule import Job
from backend.line.trimming import trim_line
from backend.settings import Settings
from backend.storage.sql_store import SqlStore
from sync.engine import Engine

PACE_S = 60
KEEP_S = 600
DAY_S = 86_400


def lobby_jobs(engine: Engine, store: SqlStore, prior_s: float, savings: Savings, settings: Settings) -> list[Job]:
    """Return what runs by itself for the lobby."""
    return [
        Job(
            name="pace_lines",  # domain-rules.md §8
            every_s=PACE_S,
            run=lambda now: refresh_paces(engine, store, now, prior_s, settings.returned_behind),
        ),
        Job(
            name="keep_lobby_days",
            every_s=KEEP_S,
            run=lambda now: keep_days(store, now, savings),
        ),
        Job(
            name="trim_line",
            every_s=DAY_S,
            run=lambda now: trim_line(
                store, now, messages_d=settings.machine_messages_d, visits_d=settings.counter_visits_d
            ),
        ),
    ]
