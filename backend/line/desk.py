"""What the doors of the line work with, and the hop to a thread."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from backend.domain.handoffs.told_waits import tell_wait
from backend.identity import business_date
from backend.line.calling import call_next
from backend.line.machine import Machines
from backend.line.series_desk import SeriesDesk
from backend.storage.sql_store import SqlStore
from contracts.machine import CallNextRequest, CallNextResponse
from sync.engine import Engine
from sync.kind import Actor
from sync.moments import write_moment

T = TypeVar("T")
Run = Callable[..., Awaitable[Any]]


class LineDesk:
    """Queue machines and calls, over one engine and store; `run` takes blocking work off the event loop."""

    def __init__(self, engine: Engine, store: SqlStore, run: Run, *, behind: int) -> None:
        self._engine, self._store, self._behind = engine, store, behind
        self.run = run
        self.series = SeriesDesk(engine, store)
        self.machines = Machines(engine, store, behind=behind, estimate=tell_wait)

    def call_next(self, actor: Actor, request: CallNextRequest) -> CallNextResponse:
        """Call whoever is next at a counter of the actor's branch. Raises NotFound, Forbidden, CounterNotOpen."""
        now = self._engine.clock()
        date, at, kinds = business_date(now), write_moment(now), self._engine.kinds
        return self._store.write(
            lambda unit: call_next(unit, kinds, request, actor, date=date, at=at, behind=self._behind)
        )
