"""The jobs of this server, one line each in docs/operations.md."""

from collections.abc import Callable
from datetime import datetime

import structlog

from backend.crm.embedded import drain_outbox
from backend.domain.compliance.jobs.closing import (
    Parts,
    apply_new_rules,
    close_month_final,
    close_month_provisional,
    refresh_duties,
)
from backend.domain.forms.jobs import expire_forms
from backend.domain.handoffs.duty import SOURCES
from backend.domain.handoffs.proof import seal_days
from backend.jobs.schedule import Job
from backend.line.ending import end_days
from backend.settings import Settings
from backend.storage.audit import make_anchor
from backend.storage.sql_store import SqlStore
from sync.engine import Engine
from sync.moments import write_moment

HOUR_S = 3_600
DAY_S = 24 * HOUR_S
CRM_S = 60  # so long a proposal waits for the embedded CRM
MEDIA_S = 60  # so long a visit is marked as pending after its last photo has come

RULES_S = 60  # so long a new rule waits until it is applied

_log = structlog.get_logger("padsync.jobs")


def list_jobs(
    engine: Engine,
    store: SqlStore,
    sweep_uploads: Callable[[], int],
    settle_media: Callable[[str], int],
    settings: Settings,
) -> list[Job]:
    """Return what runs by itself."""
    return [
        *_day_jobs(engine, store, settings),
        *_visit_jobs(engine, store, settle_media),
        *_duty_jobs(engine, store, settings),
        *_upkeep_jobs(engine, store, sweep_uploads),
    ]


def _day_jobs(engine: Engine, store: SqlStore, settings: Settings) -> list[Job]:
    """Return what a day at the counters leaves to do."""
    return [
        Job(
            name="decide_requests",
            every_s=CRM_S,
            run=lambda _now: drain_outbox(engine, store),
        ),
        Job(
            name="end_days",  # I8
            every_s=HOUR_S,
            run=lambda now: end_days(engine, store, now, settings.day_ends_h),
        ),
        Job(
            name="expire_forms",  # domain-rules.md §10
            every_s=HOUR_S,
            run=lambda now: expire_forms(engine, store, now, counter_h=settings.form_counter_h),
        ),
    ]


def _visit_jobs(engine: Engine, store: SqlStore, settle_media: Callable[[str], int]) -> list[Job]:
    """Return what visits wait for."""
    return [
        Job(
            name="settle_media",  # domain-rules.md §13
            every_s=MEDIA_S,
            run=lambda now: settle_media(write_moment(now)),
        ),
        Job(
            name="seal_evidence",
            every_s=DAY_S,
            run=lambda now: seal_days(store, engine.server_key, now),
        ),
    ]


def _duty_jobs(engine: Engine, store: SqlStore, settings: Settings) -> list[Job]:
    """Return what days and months do to duties."""
    duty = Parts(store, engine.kinds, SOURCES)
    return [
        Job(
            name="refresh_duties",  # 001-17
            every_s=6 * HOUR_S,
            run=lambda now: refresh_duties(duty, now),
        ),
        Job(
            name="apply_new_rules",
            every_s=RULES_S,
            run=lambda now: apply_new_rules(duty, now),
        ),
        Job(
            name="close_month_provisional",  # domain-rules.md §6
            every_s=HOUR_S,
            run=lambda now: close_month_provisional(duty, now),
        ),
        Job(
            name="close_month_final",
            every_s=HOUR_S,
            run=lambda now: close_month_final(duty, now, settings.duty_late_workdays),
        ),
    ]


def _upkeep_jobs(engine: Engine, store: SqlStore, sweep_uploads: Callable[[], int]) -> list[Job]:
    """Return what keeps the database and its proof in order."""
    return [
        Job(
            name="compact_feeds",  # protocol.md §7
            every_s=DAY_S,
            run=lambda _now: engine.compact(),
        ),
        Job(
            name="anchor_audit",  # domain-rules.md §14
            every_s=DAY_S,
            run=lambda now: anchor_audit(store, now),
        ),
        Job(
            name="sweep_uploads",
            every_s=HOUR_S,
            run=lambda _now: sweep_uploads(),
        ),
    ]


def anchor_audit(store: SqlStore, now: datetime) -> str:
    """Return the new anchor's hash, which the log keeps for whoever verifies the audit log later."""
    made = make_anchor(store, write_moment(now))
    _log.info("audit_anchored", ordinal=made.ordinal, streams=made.streams, hash=made.hash)
    return made.hash
