"""The line: who is called next, by priority and time; tablets, machines and the server ask the same (§8)."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from msgspec import Struct

from contracts.base import Body

IN_LINE = frozenset({"waiting", "transferred", "returned"})
AT_COUNTER = frozenset({"called", "recalled", "serving"})  # a counter has one of these at a time
RETURNED_BEHIND = 3  # a customer who missed their call waits for so many others

# Series of a branch that configures nothing, with what a ticket of theirs is called ahead of (domain-rules.md §8).
SERIES_NAMES = {"A": "个人业务", "B": "对公业务", "V": "贵宾业务", "P": "老弱病残军优先"}
SERIES_PRIORITY = {"V": 2, "P": 3}


class Place(Struct, frozen=True, kw_only=True):
    """A ticket as the line sees it."""

    id: str
    series: str
    number: int
    overflow: str | None = None
    state: str
    priority: int = 0
    issued_at: str
    counter: str | None = None
    for_series: str | None = None  # of the newest transfer
    for_counter: str | None = None
    called_at: str | None = None  # the newest call
    returned_at: str | None = None  # the newest return

    @property
    def line(self) -> str:
        """The series whose counters may call it."""
        return self.for_series or self.series

    @property
    def precedence(self) -> int:
        """What it is called ahead by: its own priority, or that of the series that it is from or was sent on to.

        So a number of a series with priority goes first whoever issued it, and nobody loses their place by a transfer.
        """
        return max(self.priority, SERIES_PRIORITY.get(self.series, 0), SERIES_PRIORITY.get(self.line, 0))


def place_of(id: str, body: Body) -> Place:
    """Return a ticket's place by its body; what happened to it is read from its steps."""
    steps: Sequence[Mapping[str, Any]] = body.get("steps") or ()
    transfer = _newest(steps, {"transferred"}) or {}
    return Place(
        id=id, series=body["series"], number=body["number"], overflow=body.get("overflow"), state=body["state"],
        priority=body.get("priority", 0), issued_at=body["issued_at"], counter=body.get("counter"),
        for_series=transfer.get("for_series"), for_counter=transfer.get("for_counter"),
        called_at=(_newest(steps, {"called"}) or {}).get("at"),
        returned_at=(_newest(steps, {"returned"}) or {}).get("at"),
    )  # fmt: skip


def next_ticket(
    places: Iterable[Place], counter_no: str, serves: Collection[str] = (), *, behind: int = RETURNED_BEHIND
) -> Place | None:
    """Return whom a counter calls next, or None if nobody waits for it.

    `places` are the branch's tickets of the day: those in line, and those called since somebody in line returned.
    A counter that names no series `serves` all of them.
    """
    return next(iter(line_for(places, counter_no, serves, behind=behind)), None)


def line_for(
    places: Iterable[Place], counter_no: str, serves: Collection[str] = (), *, behind: int = RETURNED_BEHIND
) -> list[Place]:
    """Return those whom a counter may call, in their order."""
    known = list(places)
    return order_line([place for place in known if _may_call(place, counter_no, serves)], known, behind=behind)


def share_of(places: Iterable[Place], own: Collection[str], split: tuple[int, int] | None = None) -> list[Place]:
    """Return the tickets that a tablet with no line calls from, so that no colleague calls the same customer.

    `own` are those that it issued itself since the line failed: nobody else knows of them. Where the whole branch has
    no line, its tablets divide up by number what all of them saw before: `split` is (0, 2) on one of two, (1, 2) on the
    other. Tickets that wait no more stay among them, for `next_ticket` looks back.
    """
    remainder, of = split or (0, 0)
    return [
        place
        for place in places
        if place.id in own or place.state not in IN_LINE or (of and place.number % of == remainder)
    ]


def order_line(waiting: Iterable[Place], known: Collection[Place], *, behind: int = RETURNED_BEHIND) -> list[Place]:
    """Return those in line by priority, then by the time of issue, which a transfer keeps.

    A returned customer goes behind the next `behind` others, less those of the same line that were called since, and
    overtakes nobody of higher priority.
    """
    present = [place for place in waiting if place.state in IN_LINE]
    line = sorted((place for place in present if place.state != "returned"), key=_rank)
    for place in sorted((place for place in present if place.state == "returned"), key=_return):
        called = sum(_was_called_after(other, place) for other in known)
        ahead = sum(other.precedence > place.precedence for other in line)
        line.insert(max(ahead, behind - called, 0), place)
    return line


def count_ahead(places: Iterable[Place], mine: Place, *, behind: int = RETURNED_BEHIND) -> int:
    """Return how many of the same line will be called before a ticket, whether or not it is among them yet."""
    known = [place for place in places if place.id != mine.id]
    line = order_line([*(place for place in known if place.line == mine.line), mine], known, behind=behind)
    return next((at for at, place in enumerate(line) if place.id == mine.id), 0)


def visits_of(body: Body) -> list[tuple[str, str]]:
    """Return (counter, moment) of every time that a ticket came to a counter, to be called or served there."""
    visits, counter, is_there = [], "", False
    for step in body.get("steps") or ():
        counter = step.get("counter") or counter
        if step["to"] in AT_COUNTER and not is_there and counter:
            visits.append((counter, step["at"]))
        is_there = step["to"] in AT_COUNTER
    return visits


def write_number(series: str, number: int, overflow: str | None = None) -> str:
    """Return a number as it is printed and called: `A021`, or `A-C021` from an install's overflow series."""
    return f"{series}-{overflow}{number:03d}" if overflow else f"{series}{number:03d}"


def _may_call(place: Place, counter_no: str, serves: Collection[str]) -> bool:
    if place.for_counter:
        return place.for_counter == counter_no
    return not serves or place.line in serves


def _rank(place: Place) -> tuple[int, str, str, str, int, str]:
    return -place.precedence, place.issued_at, place.series, place.overflow or "", place.number, place.id


def _return(place: Place) -> tuple[str, str]:
    return place.returned_at or "", place.id


def _was_called_after(other: Place, place: Place) -> bool:
    if other.id == place.id or other.line != place.line or other.called_at is None or place.returned_at is None:
        return False
    return other.called_at > place.returned_at


def _newest(steps: Sequence[Mapping[str, Any]], states: Collection[str]) -> Mapping[str, Any] | None:
    return next((step for step in reversed(steps) if step["to"] in states), None)
