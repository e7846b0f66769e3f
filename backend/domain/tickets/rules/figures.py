"""The day in figures: what each ticket, counter, form and contact adds to the part of the day that it belongs to."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from msgspec import Struct

from backend.domain.tickets.rules.funnel import Approach, Reached, count_approaches
from backend.domain.tickets.rules.legs import (
    Moment,
    Turn,
    day_bounds,
    first_call,
    hour_of,
    is_no_show,
    moments_of,
    open_times,
    split_hours,
    turns_of,
)
from backend.domain.tickets.rules.tally import FIELDS, Tally, bin_of
from backend.domain.tickets.rules.waiting import MIN_S, counted_service_s
from contracts.kinds.counter import Counter
from contracts.kinds.ticket import Ticket

DIMENSIONS = ("hour", "series", "counter", "person")
NONE = ""  # the part of what belongs to no counter, no person, …
LOADED = frozenset({"bound", "loaded", "accepted", "changed"})  # a form in these states was ready at the counter
SAVING = frozenset({"accepted", "changed"})
EVENTS = {"called": "calls", "recalled": "recalls", "transferred": "transfers"}


class DayForm(Struct, frozen=True, kw_only=True):
    """A form as far as the figures need it; `saves_min` is what its template saves at the counter."""

    ticket_id: str
    state: str
    saves_min: float = 0


class Prefilling(Struct, frozen=True, kw_only=True):
    """Which tickets could have had a form: those that were served for one of `services`; none named means all."""

    services: frozenset[str] = frozenset()


class Day(Struct, frozen=True, kw_only=True):
    """Everything that a branch's day is counted from; the order of nothing in it matters."""

    business_date: str
    tickets: Mapping[str, Ticket]
    counters: Sequence[Counter] = ()
    forms: Sequence[DayForm] = ()
    approaches: Sequence[Approach] = ()
    until: float  # now, in seconds since 1970; what still lasts is counted up to then
    prefilling: Prefilling = Prefilling()


class HourSum(Struct, frozen=True, kw_only=True):
    """What the waits of later weeks are estimated from: one series in one hour of one day."""

    hour: int
    series: str
    issued: int = 0
    services: int = 0
    services_s: float = 0


class Parts(Struct, kw_only=True):
    """A day's tallies by dimension and key; within each dimension the parts add up to the whole."""

    by: dict[str, dict[str, Tally]] = {}

    def add(self, *, hour: int, series: str = NONE, counter: str = NONE, person: str = NONE, **more: Any) -> None:
        """Add something to the part that it belongs to in every dimension."""
        keys = {"hour": f"{hour:02d}", "series": series, "counter": counter, "person": person}
        for dimension, key in keys.items():
            self.by.setdefault(dimension, {}).setdefault(key, Tally()).add(**more)


def tally_day(day: Day) -> Parts:
    """Return a branch's day by hour, series, counter and person."""
    parts = Parts(by={dimension: {} for dimension in DIMENSIONS})
    until = min(day.until, day_bounds(day.business_date)[1])
    ready = {form.ticket_id for form in day.forms if form.state in LOADED}
    saved = _saved(day.forms)
    for id, ticket in day.tickets.items():
        way = _Way(ticket, until)
        way.tally(parts, is_prefilled=id in ready, saved_min=saved.get(id, 0), prefilling=day.prefilling)
    for counter in day.counters:
        _tally_counter(parts, counter, day.business_date, until)
    series = {id: ticket.series for id, ticket in day.tickets.items()}
    for reached in count_approaches(day.approaches):
        _tally_reached(parts, reached, series)
    return parts


def hour_sums(tickets: Iterable[Ticket]) -> list[HourSum]:
    """Return what a day adds to the means of later weeks: services whose end nobody noted are left out."""
    found: dict[tuple[int, str], list[float]] = {}
    for ticket in tickets:
        moments = moments_of(ticket)
        found.setdefault((hour_of(moments[0].at), ticket.series), [0, 0, 0])[0] += 1
        for turn in counted_turns(ticket, moments):
            sums = found.setdefault((hour_of(turn.ended), ticket.series), [0, 0, 0])
            sums[1] += 1
            sums[2] += counted_service_s(turn.ended - turn.began)
    return [
        HourSum(hour=hour, series=series, issued=int(issued), services=int(services), services_s=services_s)
        for (hour, series), (issued, services, services_s) in sorted(found.items())
    ]


def counted_turns(ticket: Ticket, moments: Sequence[Moment]) -> list[Turn]:
    """Return the turns that tell how long a customer keeps a counter, from the call to the end of the service."""
    if ticket.time_not_accurate:
        return []
    return [turn for turn in turns_of(moments, 0) if turn.was_served]


class _Way:
    """One ticket's way, and what it adds."""

    def __init__(self, ticket: Ticket, until: float) -> None:
        self._ticket = ticket
        self._moments = moments_of(ticket)
        self._turns = list(turns_of(self._moments, until))
        self._call = first_call(self._moments)
        self._until = until
        self._issue = self._moments[0]

    def tally(self, parts: Parts, *, is_prefilled: bool, saved_min: float, prefilling: Prefilling) -> None:
        whose = self._turns[0] if self._turns else None
        own = self._wait() | self._end() | self._told()
        if self._is_eligible(prefilling):
            own |= {"eligible": 1, "prefilled": int(is_prefilled)}
        if self._ticket.customer_id:
            own["identified"] = 1
        parts.add(
            hour=hour_of(self._issue.at), series=self._ticket.series,
            counter=whose.counter if whose else NONE, person=whose.by if whose else NONE,
            issued=1, saved_min=saved_min, **own,
        )  # fmt: skip
        for turn in self._turns:
            self._add_turn(parts, turn)
        for moment in self._moments:
            self._add_event(parts, moment)

    def _wait(self) -> dict[str, Any]:
        if self._call is not None:
            wait_s = self._call.at - self._issue.at
            return {"called": 1, "waits": {bin_of(wait_s): 1}, "waits_s": wait_s}
        last = self._moments[-1]
        if last.to in ("left", "cancelled", "expired"):
            return {"gone": {bin_of(last.at - self._issue.at): 1}}
        return {"still": {bin_of(self._until - self._issue.at): 1}}

    def _end(self) -> dict[str, Any]:
        state = self._ticket.state
        if state in ("left", "cancelled", "finished"):
            return {state: 1}
        if is_no_show(self._moments):
            return {"no_shows": 1}
        return {"unserved": 1} if state == "expired" and self._call is None else {}

    def _told(self) -> dict[str, Any]:
        """Check the told interval; whoever was told of no wait had none if it took less than a minute."""
        lo, hi = self._ticket.shown_lo_min, self._ticket.shown_hi_min
        if self._call is None or lo is None or hi is None:
            return {}
        wait_s = self._call.at - self._issue.at
        return {"told": 1, "told_right": int(lo * MIN_S <= wait_s <= max(hi, 1) * MIN_S)}

    def _is_eligible(self, prefilling: Prefilling) -> bool:
        was_served = any(moment.to == "serving" for moment in self._moments)
        return was_served and (not prefilling.services or self._ticket.service in prefilling.services)

    def _add_turn(self, parts: Parts, turn: Turn) -> None:
        ticket = self._ticket
        for hour, busy_s in split_hours(turn.began, turn.ended):
            parts.add(hour=hour, series=ticket.series, counter=turn.counter, person=turn.by, busy_s=busy_s)
        if turn.end == "expired" or (turn.was_served and ticket.time_not_accurate):
            more: dict[str, Any] = {"inaccurate": 1}
        elif turn.was_served:
            more = {"services": 1, "services_s": turn.service_s}
        else:
            return
        parts.add(hour=hour_of(turn.began), series=ticket.series, counter=turn.counter, person=turn.by, **more)

    def _add_event(self, parts: Parts, moment: Moment) -> None:
        name = EVENTS.get(moment.to)
        if name is None:
            return
        turn = next((turn for turn in reversed(self._turns) if turn.began <= moment.at <= turn.ended), None)
        more: dict[str, Any] = {name: 1}
        parts.add(
            hour=hour_of(moment.at), series=self._ticket.series,
            counter=turn.counter if turn else moment.counter, person=turn.by if turn else moment.by, **more,
        )  # fmt: skip


def _saved(forms: Iterable[DayForm]) -> dict[str, float]:
    saved: dict[str, float] = {}
    for form in forms:
        if form.state in SAVING:
            saved[form.ticket_id] = saved.get(form.ticket_id, 0) + form.saves_min
    return saved


def _tally_counter(parts: Parts, counter: Counter, business_date: str, until: float) -> None:
    begins, _ = day_bounds(business_date)
    for teller, began, ended in open_times(counter.steps, until):
        for hour, open_s in split_hours(max(began, begins), min(ended, until)):
            parts.add(hour=hour, counter=counter.counter_no, person=teller, open_s=open_s)


def _tally_reached(parts: Parts, reached: Reached, series: Mapping[str, str]) -> None:
    assert reached.stage in FIELDS, reached.stage
    counted: dict[str, Any] = {"series": series.get(reached.subject, NONE), "person": reached.author, reached.stage: 1}
    parts.add(hour=hour_of(reached.at), **counted)
