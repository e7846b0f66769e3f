"""Days made up for tests: tickets that go their way by minutes since nine o'clock."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from contracts.kinds import Counter, Ticket
from contracts.kinds.counter import CounterStep
from contracts.kinds.ticket import TicketStep
from sync.moments import write_moment

DAY = "2026-11-21"
NINE = datetime(2026, 11, 21, 1, 0, tzinfo=UTC)  # in China
BRANCH = "3501"


def moment(minute: float) -> str:
    """Return a written moment, minutes after nine."""
    return write_moment(NINE + timedelta(minutes=minute))


def until(minute: float) -> float:
    return (NINE + timedelta(minutes=minute)).timestamp()


def ticket(number: int, *steps: tuple[Any, ...], series: str = "A", **fields: Any) -> tuple[str, Ticket]:
    """Return (id, ticket) with steps of (state, minute, counter, person); the first is its issue."""
    told = [TicketStep(to=to, at=moment(at), **_who(*who)) for to, at, *who in steps]
    made = Ticket(
        branch_id=BRANCH, series=series, business_date=DAY, number=number, issued_at=told[0].at, state=told[-1].to,
        steps=told, **fields,
    )  # fmt: skip
    return str(UUID(int=number)), made


def served(number: int, issued: float, called: float, began: float, ended: float, **fields: Any) -> tuple[str, Ticket]:
    """Return a ticket that was served at counter 1 by t1."""
    counter, person = fields.pop("counter", "1"), fields.pop("person", "t1")
    at = (counter, person)
    steps = ("waiting", issued), ("called", called, *at), ("serving", began, *at), ("finished", ended, *at)
    return ticket(number, *steps, **fields)


def counter(number: str, *steps: tuple[str, float], series: tuple[str, ...] = (), teller: str = "t1") -> Counter:
    """Return a counter with its steps of (state, minute)."""
    return Counter(
        branch_id=BRANCH, counter_no=number, series=list(series), state=steps[-1][0] if steps else "open",
        teller=teller, steps=[CounterStep(to=to, at=moment(at), teller=teller) for to, at in steps],
    )  # fmt: skip


def _who(counter: str | None = None, by: str | None = None) -> dict[str, Any]:
    return {"counter": counter, "by": by}
