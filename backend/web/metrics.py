"""What Prometheus may ask: counts and durations, never a person."""

import os
from collections import Counter as Tally
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from litestar import Response, get
from litestar.di import NamedDependency
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from contracts.errors import ErrorCode
from contracts.pull import PullResponse
from contracts.push import PushResponse
from sync.errors import Busy

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
MULTIPROCESS_DIR = "PROMETHEUS_MULTIPROC_DIR"

# What somebody should look at, because a key, a token or a tablet may be in the wrong hands.
SECURITY_EVENTS = frozenset(
    error.code
    for error in (
        ErrorCode.MUTATION_REUSED, ErrorCode.BAD_SIGNATURE, ErrorCode.CHAIN_FORK, ErrorCode.REFRESH_REUSED,
        ErrorCode.SIGN_IN_FAILED, ErrorCode.LOCKED, ErrorCode.ENROLMENT_REFUSED, ErrorCode.REVOKED,
        ErrorCode.CURSOR_INVALID,
    )
)  # fmt: skip


class Metrics:
    """The counters of one application; several in one process do not meet, several workers are added up.

    `count_follow_ups` is asked whenever somebody looks.
    """

    def __init__(self, count_follow_ups: Callable[[], int] = lambda: 0) -> None:
        self._count_follow_ups = count_follow_ups
        self.registry = registry = CollectorRegistry()
        self._mutations = Counter(
            "padsync_mutations", "Mutations by what became of them", ["status"], registry=registry
        )
        self._conflicts = Counter("padsync_conflicts", "Fields that waited for a person", registry=registry)
        self._pushes = Counter("padsync_pushes", "Push requests answered", registry=registry)
        self._pulls = Counter(
            "padsync_pulls", "Pull requests answered, by whether they brought rows", ["rows"], registry=registry
        )
        self._pulled = Counter("padsync_pulled_rows", "Feed rows sent to tablets", registry=registry)
        self.pokes = Counter("padsync_pokes", "Pokes written to listening tablets", registry=registry)
        self.listeners = Gauge(
            "padsync_listeners", "Tablets listening for pokes", registry=registry, multiprocess_mode="livesum"
        )
        self._follow_ups = Gauge(
            "padsync_follow_ups_waiting", "Groups of visits that wait to be judged", registry=registry,
            multiprocess_mode="max",
        )  # fmt: skip
        self._refusals = Counter("padsync_refusals", "Requests refused, by error code", ["code"], registry=registry)
        self._security = Counter(
            "padsync_security_events", "Events that somebody should look at", ["code"], registry=registry
        )
        self._requests = Histogram(
            "padsync_request_seconds", "Time until an answer began", ["route", "method", "status"],
            buckets=SECONDS, registry=registry,
        )  # fmt: skip
        self._series: dict[tuple[str, str, int], Any] = {}
        self._idle, self._with_rows = self._pulls.labels("no"), self._pulls.labels("yes")

    def note_request(self, route: str, method: str, status: int, seconds: float) -> None:
        """Count a finished request under its route's template, so that ids never become labels."""
        key = (route, method, status)
        series = self._series.get(key)
        if series is None:
            series = self._series[key] = self._requests.labels(route, method, str(status))
        series.observe(seconds)

    def note_push(self, response: PushResponse) -> None:
        """Count a push and its outcomes."""
        self._pushes.inc()
        for status, count in Tally(outcome.status for outcome in response.outcomes).items():
            self._mutations.labels(status).inc(count)
        for outcome in response.outcomes:
            if outcome.fields:
                self._conflicts.inc(sum(field.conflict is not None for field in outcome.fields))
            if outcome.flags or outcome.problem:
                for code in (*outcome.flags, *([outcome.problem.code] if outcome.problem else [])):
                    self._note_security(code)

    def note_pull(self, response: PullResponse) -> None:
        """Count a pull and its rows."""
        rows = len(response.changes)
        if rows:
            self._with_rows.inc()
            self._pulled.inc(rows)
        else:
            self._idle.inc()

    def note_refusal(self, code: str) -> None:
        """Count a refused request."""
        self._refusals.labels(code).inc()
        self._note_security(code)

    def _note_security(self, code: str) -> None:
        if code in SECURITY_EVENTS:
            self._security.labels(code).inc()

    def render(self) -> bytes:
        """Return everything in the text format; with several workers, of all of them."""
        with suppress(Busy):  # without a database the last count stands
            self._follow_ups.set(self._count_follow_ups())
        return generate_latest(self._everybodys())

    def _everybodys(self) -> CollectorRegistry:
        if MULTIPROCESS_DIR not in os.environ:
            return self.registry
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]  # the library's own signature
        return registry


@get("/metrics", include_in_schema=False, sync_to_thread=True)
def show_metrics(metrics: NamedDependency[Metrics]) -> Response[bytes]:
    """Counters and durations for Prometheus."""
    return Response(metrics.render(), media_type=CONTENT_TYPE_LATEST)
