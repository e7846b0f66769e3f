"""A ticket's way through a branch, told from its steps: waits, turns at counters, and how it ended."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from backend.domain.tickets.rules.line import AT_COUNTER
from backend.identity import BANK_TIME, business_date
from contracts.kinds.counter import CounterStep
from contracts.kinds.ticket import Ticket
from sync.moments import read_moment

HOUR_S = 3600
SERVED = frozenset({"finished", "transferred"})  # how a turn ends that served somebody
HELD = "held"


class Moment(Struct, frozen=True, kw_only=True):
    """One state of a ticket: which, since when in seconds since 1970, through whom, at which counter."""

    to: str
    at: float
    by: str = ""
    counter: str = ""


class Turn(Struct, frozen=True, kw_only=True):
    """One customer's time at one counter, from the call to the end, in seconds since 1970."""

    counter: str
    by: str
    began: float
    ended: float
    service_s: float  # being served, from the first `serving` on, without the times on hold
    end: str  # finished, transferred, skipped, …; empty while it lasts

    @property
    def was_served(self) -> bool:
        """Say whether it ended with a service done."""
        return self.end in SERVED


def at(moment: str) -> float:
    """Return a written moment in seconds since 1970, 0 for one that cannot be read."""
    read = read_moment(moment)
    return read.timestamp() if read else 0.0


def moments_of(ticket: Ticket) -> list[Moment]:
    """Return a ticket's states in the order in which the server took them, its issue first.

    One that is noted as earlier than the one before it, by another tablet's clock, counts as at the same moment.
    """
    found = [] if ticket.steps and ticket.steps[0].to == "waiting" else [Moment(to="waiting", at=at(ticket.issued_at))]
    latest = found[0].at if found else 0.0
    for step in ticket.steps:
        latest = max(latest, at(step.at))
        found.append(Moment(to=step.to, at=latest, by=step.by or "", counter=step.counter or ""))
    return found


def first_call(moments: Iterable[Moment]) -> Moment | None:
    """Return the first call, which ends the wait for good."""
    return next((moment for moment in moments if moment.to == "called"), None)


def is_no_show(moments: Sequence[Moment]) -> bool:
    """Say whether a customer did not come when called, and never came back."""
    states = [moment.to for moment in moments]
    if "skipped" not in states:
        return False
    return "returned" not in states[len(states) - states[::-1].index("skipped") :]


def turns_of(moments: Sequence[Moment], until: float) -> Iterator[Turn]:
    """Yield every turn at a counter, one that still lasts up to `until`; a hold leaves the counter to others.

    Whoever goes on after a hold and names no counter is at the one of before, as the ticket says; who is finished or
    sent on from the hold itself was served before it.
    """
    stay: list[Moment] = []
    held: Turn | None = None
    for place, moment in enumerate(moments):
        following, later = (moments[at] if at < len(moments) else None for at in (place + 1, place + 2))
        if moment.to in AT_COUNTER:
            stay.append(moment)
        if stay and (following is None or following.to not in AT_COUNTER):
            turn = _turn(stay, following, until, held)
            held = turn if turn.end == HELD else None
            stay = []
            yield turn if held is None or later is None or later.to not in SERVED else replace(turn, end=later.to)


def _turn(stay: Sequence[Moment], following: Moment | None, until: float, held: Turn | None) -> Turn:
    ended = following.at if following else max(until, stay[-1].at)
    serving = next((moment.at for moment in stay if moment.to == "serving"), ended)
    before, served_s = (held.counter, held.service_s) if held else ("", 0.0)
    return Turn(
        counter=next((moment.counter for moment in reversed(stay) if moment.counter), before),
        by=next((moment.by for moment in reversed(stay) if moment.by), ""),
        began=stay[0].at,
        ended=ended,
        service_s=served_s + ended - serving,
        end=following.to if following else "",
    )


def open_times(steps: Sequence[CounterStep], until: float) -> Iterator[tuple[str, float, float]]:
    """Yield (teller, from, to) of every time that a counter was open, one that still lasts up to `until`."""
    ordered = sorted(steps, key=lambda step: at(step.at))
    teller = ""
    for place, step in enumerate(ordered):
        teller = step.teller or teller
        ends = at(ordered[place + 1].at) if place + 1 < len(ordered) else until
        if step.to == "open" and ends > at(step.at):
            yield teller or step.by or "", at(step.at), ends


def split_hours(began: float, ended: float) -> Iterator[tuple[int, float]]:
    """Yield (hour of the bank's day, seconds) of a stretch of time."""
    while began < ended:
        end = min((began // HOUR_S + 1) * HOUR_S, ended)
        yield hour_of(began), end - began
        began = end


def hour_of(moment: float) -> int:
    """Return the hour of the bank's day."""
    return datetime.fromtimestamp(moment, BANK_TIME).hour


def date_of(moment: str) -> str:
    """Return the bank's business date of a written moment; empty for one that cannot be read."""
    read = read_moment(moment)
    return business_date(read) if read else ""


def day_bounds(business_date: str) -> tuple[float, float]:
    """Return when a business date begins and ends."""
    began = datetime.fromisoformat(business_date).replace(tzinfo=BANK_TIME).timestamp()
    return began, began + 24 * HOUR_S
