"""What runs when, and the clockwork that runs it: only in the leader, and each slot once."""

import os
import socket
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import structlog
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.interval import IntervalTrigger
from msgspec import Struct

from backend.jobs.claims import claim
from backend.jobs.leader import Leadership
from backend.storage.sql_store import SqlStore
from sync.moments import write_moment

LATE_S_MAX = 300  # a slot that could not begin for so long is left to the next one

_log = structlog.get_logger("padsync.jobs")


class Job(Struct, frozen=True, kw_only=True):
    """Work that is done every `every_s` seconds; `run` may come again after a crash and must not mind."""

    name: str
    every_s: int
    run: Callable[[datetime], object]


def slot_of(job: Job, now: datetime) -> str:
    """Return the name of the slot that `now` lies in; slots of a job follow each other without gaps."""
    began_s = int(now.timestamp()) // job.every_s * job.every_s
    return write_moment(now - timedelta(seconds=now.timestamp() - began_s))


class Clockwork:
    """Runs the jobs of this server while it leads."""

    def __init__(
        self, jobs: Sequence[Job], store: SqlStore, leadership: Leadership, clock: Callable[[], datetime]
    ) -> None:
        self.jobs = jobs
        self._store = store
        self._leadership = leadership
        self._clock = clock
        self._name = f"{socket.gethostname()}:{os.getpid()}"
        self._scheduler = BackgroundScheduler(timezone="UTC")

    def start(self) -> None:
        """Begin to look at the clock, and try to lead at once: a restore sees by it that a server works."""
        try:
            self._leadership.hold()
        except OSError as error:  # the next tick tries again
            _log.error("leading_failed", error=type(error).__qualname__)
        for job in self.jobs:
            self._scheduler.add_job(
                self.tick, IntervalTrigger(seconds=min(job.every_s, 60)), args=[job], id=job.name,
                max_instances=1, coalesce=True, misfire_grace_time=LATE_S_MAX,
            )  # fmt: skip
        self._scheduler.start()

    def stop(self) -> None:
        """Let the running job end, then let another process lead."""
        if self._scheduler.running:
            self._scheduler.shutdown(wait=True)
        self._leadership.give_up()

    def tick(self, job: Job) -> bool:
        """Run a job if this process leads and the present slot is still free; return whether it ran."""
        now = self._clock()
        try:
            if not self._leadership.hold() or not claim(self._store, job.name, slot_of(job, now), now, self._name):
                return False
            job.run(now)
        except Exception as error:  # the clockwork must live; the next slot tries again
            _log.error("job_failed", job=job.name, error=type(error).__qualname__)
            return False
        _log.info("job_done", job=job.name, duration_ms=round((self._clock() - now).total_seconds() * 1000))
        return True
