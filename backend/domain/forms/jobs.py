"""The end of forms that nobody fetched (domain-rules.md §10)."""

from datetime import datetime, timedelta
from functools import partial

from backend.domain.forms.queries import FormRow, forget_asked, list_open
from backend.domain.forms.rules.expiring import is_over
from backend.storage.snapshot import SqlSnapshot
from backend.storage.sql_store import SqlStore
from backend.storage.unit import SqlUnit
from contracts.policy import Step
from sync.engine import Engine
from sync.errors import NotFound
from sync.moments import write_moment
from sync.moves import move_record
from sync.store import Key

BY = "server"
ASKED_KEPT_D = 30  # a teller system that repeats a request later is told how its form stands now


def expire_forms(engine: Engine, store: SqlStore, now: datetime, *, counter_h: int) -> int:
    """End the forms whose time is over, each in a transaction of its own, and return how many ended.

    A form ends with the business day on which it last moved on; one that a teller has loaded gets `counter_h` hours
    from then for the teller's word. What ended meanwhile stays as it ended, so this may run again, or twice at once.
    """
    at, ended, place = write_moment(now), 0, ("", "")
    while rows := store.read(partial(_page, at, place)):
        ended += sum(
            store.write(partial(_expire, engine, row, at))
            for row in rows
            if is_over(row.state, row.open_since or "", at, counter_h)
        )
        place = rows[-1].open_since or "", rows[-1].id
    kept_since = write_moment(now - timedelta(days=ASKED_KEPT_D))
    store.write(lambda unit: forget_asked(unit.connection, kept_since))
    return ended


def _page(at: str, place: tuple[str, str], look: SqlSnapshot) -> list[FormRow]:
    return list_open(look.connection, at, place)


def _expire(engine: Engine, row: FormRow, at: str, unit: SqlUnit) -> bool:
    try:
        moved = move_record(unit, engine.kinds, Key("form", row.id), "expired", {}, by=BY, at=at)
    except NotFound:  # deleted meanwhile
        return False
    return moved.step is Step.APPLY
