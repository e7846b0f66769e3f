"""What every request passes, known or unknown: a request id, limits, compression, time, the log and the counters."""

import os
import re
import time
from typing import Any

import structlog
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Receive, Scope, Send

from backend.errors import PROBLEM
from backend.web.intake import guarded
from backend.web.metrics import Metrics
from backend.web.outlet import compressing

SAFE_REQUEST_ID = re.compile(rb"^[A-Za-z0-9._-]{1,64}$")
INSTALL_ID = re.compile(rb"^[0-9a-f-]{36}$")
UNKNOWN = "unknown"  # a path that is none of ours is not worth a label of its own
QUIET = frozenset({"/health/live", "/health/ready", "/metrics"})


class Doorway:
    """Wraps the whole application, so that a path nobody knows is treated like all others."""

    def __init__(self, app: ASGIApp, metrics: Metrics, epoch: str) -> None:
        self._app = app
        self._metrics = metrics
        self._epoch = epoch
        self._log = structlog.get_logger("padsync.requests").bind()  # once, since each binding costs as much as a line

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, with its body bounded, and its answer stamped and counted."""
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        passage = Passage(scope, self._epoch)
        try:
            await self._app(scope, guarded(scope, receive), compressing(scope, passage.stamping(send)))
        finally:
            passage.note(self._metrics, self._log)


class Passage:
    """One request on its way through."""

    def __init__(self, scope: Any, epoch: str) -> None:
        self._scope = scope
        self._epoch = epoch
        self._began = time.perf_counter()
        self._waited_s = 0.0
        self._status = 499  # the caller left before there was an answer
        headers = dict(scope["headers"])
        self._request_id = _request_id(headers.get(b"x-request-id"))
        self._install = _install_id(headers.get(b"sync-install"))

    def stamping(self, send: Send) -> Send:
        """Return a `send` that puts time, epoch and request id on the answer (protocol.md §2)."""

        async def stamp(message: Any) -> None:
            if message["type"] == "http.response.start":
                self._status = message["status"]
                self._waited_s = time.perf_counter() - self._began
                message["headers"] = [*message["headers"], *self._stamps()]
            await send(message)

        return stamp

    def _stamps(self) -> list[tuple[bytes, bytes]]:
        return [
            (b"server-time", str(time.time_ns() // 1_000_000).encode()),
            (b"sync-epoch", self._epoch.encode()),
            (b"x-request-id", self._request_id.encode()),
            (b"x-content-type-options", b"nosniff"),
        ]

    def note(self, metrics: Metrics, log: Any) -> None:
        """Count the request, and write one line about it."""
        route, code = self._scope.get("path_template") or UNKNOWN, self._scope.get(PROBLEM)
        method = self._scope["method"] if route != UNKNOWN else UNKNOWN
        metrics.note_request(route, method, self._status, self._waited_s)
        if code is not None:
            metrics.note_refusal(code)
        if route not in QUIET:
            log.info(
                "request",
                request_id=self._request_id,
                route=route,
                method=self._scope["method"],
                status=self._status,
                code=code,
                duration_ms=round((time.perf_counter() - self._began) * 1000, 2),
                install_id=self._install,
            )


def _request_id(told: bytes | None) -> str:
    return told.decode() if told and SAFE_REQUEST_ID.match(told) else os.urandom(8).hex()


def _install_id(told: bytes | None) -> str | None:
    return told.decode() if told and INSTALL_ID.match(told) else None
