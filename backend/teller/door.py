"""The teller systems' calls: who guesses at codes is slowed down, everything else is one transaction."""

import time
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import structlog

from backend.auth.partners import Partner
from backend.auth.throttle import Throttle
from backend.auth.trail import note_of_org
from backend.errors import TooManyRequests
from backend.storage.sql_store import SqlStore
from backend.teller.errors import PickUpRefused
from backend.teller.loading import load_form
from backend.teller.results import take_result
from contracts.teller import LoadRequest, LoadResponse, ResultRequest, ResultResponse
from sync.engine import Engine
from sync.moments import write_moment

Run = Callable[..., Awaitable[Any]]

_log = structlog.get_logger("padsync.teller")


class TellerDoor:
    """Loads forms and takes their results; `run` takes blocking work off the event loop."""

    def __init__(
        self, engine: Engine, store: SqlStore, run: Run, *, failures_per_min: int,
        clock_s: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        self._engine, self._store, self.run = engine, store, run
        self._failures = Throttle(failures_per_min)
        self._clock_s = clock_s

    def load(self, partner: Partner, request: LoadRequest) -> LoadResponse:
        """Return a form for the counter. Raises what `load_form` raises, and TooManyRequests for whoever guesses."""
        if wait_ms := self._failures.blocked_ms(partner.partner_id, self._clock_s()):
            raise TooManyRequests(retry_after_ms=wait_ms)
        at = write_moment(self._engine.clock())
        try:
            return self._store.write(
                partial(load_form, kinds=self._engine.kinds, partner=partner, request=request, at=at)
            )
        except PickUpRefused:
            self._failures.wait_ms(partner.partner_id, self._clock_s())
            self._store.write(
                lambda unit: note_of_org(
                    unit, partner.org_id, partner.partner_id, "load_form", at, result=PickUpRefused.code.code
                )
            )
            _log.warning("pick_up_refused", partner_id=partner.partner_id)
            raise

    def take(self, partner: Partner, request: ResultRequest) -> ResultResponse:
        """End a form. Raises what `take_result` raises."""
        at = write_moment(self._engine.clock())
        return self._store.write(
            partial(take_result, kinds=self._engine.kinds, partner=partner, request=request, at=at)
        )
