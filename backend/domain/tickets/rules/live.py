"""The line as it is now: the same pure count on a tablet, from the tickets it holds, and on the server."""

from collections.abc import Iterable, Mapping

import msgspec

from backend.domain.tickets.rules.line import AT_COUNTER, RETURNED_BEHIND, Place, place_of, write_number
from backend.domain.tickets.rules.staffing import staff
from backend.domain.tickets.rules.waiting import Line, Wait, newcomer, say_wait
from contracts.base import Body
from contracts.kinds.counter import Counter
from contracts.kinds.pace import Pace, SeriesPace
from contracts.lobby import CounterLine, LineAnswer, SeriesLine, StaffingLine, WaitingTicket
from sync.moments import read_moment

PRIOR_S = 420  # a service, where nothing at all is known of a series
LIVE_S_MAX = 60  # what was heard longer ago is told with its age
TICKETS_MAX = 500  # waiting tickets that an answer names
HOUR_S = 3600
TOLD_MIN_MAX = 1440  # as the contract bounds it


def line_of(
    places: Iterable[Place], counters: Iterable[Counter], pace: Pace | None, now: str, *,
    as_of: str | None = None, behind: int | None = None,
) -> LineAnswer:  # fmt: skip
    """Return counts and waits per series and counter; `as_of` is when this was last heard, if not `now`.

    `places` are those of one branch and its present day, by `place_of` from the tickets that a tablet holds, or by SQL;
    others of that day that are over do no harm. `behind` is how many a returned customer lets pass, if the pace does
    not tell.
    """
    view = _View(places, counters, pace, now, _behind(pace) if behind is None else behind)
    heard_s = _seconds(as_of or now, now)
    return LineAnswer(
        as_of=as_of or now,
        is_live=heard_s <= LIVE_S_MAX,
        waiting=len(view.line.waiting),
        series=[view.series_line(name) for name in view.series()],
        counters=[view.counter_line(counter) for counter in view.counters],
        tickets=[view.waiting_ticket(one) for one in view.line.waiting[:TICKETS_MAX]],
    )


def next_wait(
    series: str, priority: int, places: Iterable[Place], counters: Iterable[Counter], pace: Pace | None
) -> Wait | None:
    """Return what to tell a customer who takes a number now: `shown_lo_min` and `shown_hi_min` of the ticket."""
    line = Line(places, counters, behind=_behind(pace))
    return line.wait_of(newcomer(series, priority), _mean_s(series, _paces(pace)))


def told_wait(
    series: str, priority: int, tickets: Mapping[str, Body], counters: Iterable[Body], pace: Body | None
) -> tuple[int, int] | None:
    """Return from how many to how many minutes to tell a newcomer, from what a tablet holds of its branch's line.

    `tickets` are its tickets of the day, by id, `counters` and `pace` of the branch, all as pulled, with one's own work
    on top. None while no counter is open for the series: then nothing is told and nothing stored. A client author
    copies this; `Tablet.issue_ticket` stores what it says with the ticket.
    """
    places = [place_of(id, {"state": "waiting", **body}) for id, body in tickets.items()]
    known = [msgspec.convert({"state": "closed", **body}, Counter) for body in counters]
    wait = next_wait(series, priority, places, known, msgspec.convert(pace, Pace) if pace else None)
    return (min(wait.lo_min, TOLD_MIN_MAX), min(wait.hi_min, TOLD_MIN_MAX)) if wait else None


def staffing_of(
    series: str, counters: Iterable[Counter], pace: Pace | None, *, target_s: float, wanted: float
) -> StaffingLine:
    """Return what Erlang C says of one series' counters.

    Counters work for several series: the load of the others counts for the share of their counters that are shared.
    """
    paces, line = _paces(pace), Line((), counters)
    mine = line.counters_for(newcomer(series))
    offered = services = 0.0
    for name, known in paces.items():
        theirs = line.counters_for(newcomer(name))
        share = 1.0 if name == series else len(mine & theirs) / len(theirs) if theirs else 0.0
        offered += share * known.arrivals_h / HOUR_S * known.service_mean_s
        services += share * known.arrivals_h
    mean_s = offered * HOUR_S / services if services else _mean_s(series, paces)
    found = staff(len(mine), offered, mean_s, target_s=target_s, wanted=wanted)
    return StaffingLine(
        series=series, counters=found.counters, offered_erlang=round(offered, 3), is_growing=found.is_growing,
        wait_share=found.wait_share, wait_mean_s=found.wait_mean_s, service_level=found.service_level,
        target_s=target_s, wanted=wanted, counters_needed=found.counters_needed,
    )  # fmt: skip


class _View:
    """What every part of an answer is made from."""

    def __init__(
        self, places: Iterable[Place], counters: Iterable[Counter], pace: Pace | None, now: str, behind: int
    ) -> None:
        known = sorted(places, key=lambda place: place.id)
        self.counters = sorted(counters, key=lambda counter: counter.counter_no)
        self.line = Line(known, self.counters, behind=behind)
        self._paces, self._now = _paces(pace), now
        self._at = {place.counter: place for place in known if place.state in AT_COUNTER}

    def series(self) -> list[str]:
        """Return every series that somebody waits in, a counter serves, or a pace is known of."""
        served = {name for counter in self.counters for name in counter.series}
        return sorted({one.line for one in self.line.waiting} | set(self._paces) | served)

    def series_line(self, series: str) -> SeriesLine:
        mine = [one for one in self.line.waiting if one.line == series]
        wait = self._wait(newcomer(series))
        return SeriesLine(
            series=series,
            waiting=len(mine),
            counters_open=len(self.line.counters_for(newcomer(series))),
            service_mean_s=round(_mean_s(series, self._paces), 1),
            longest_wait_s=max((_seconds(one.issued_at, self._now) for one in mine), default=0),
            lo_min=wait.lo_min if wait else None,
            hi_min=wait.hi_min if wait else None,
            text=say_wait(wait),
        )

    def counter_line(self, counter: Counter) -> CounterLine:
        place = self._at.get(counter.counter_no)
        return CounterLine(
            counter_no=counter.counter_no, state=counter.state, teller=counter.teller, series=list(counter.series),
            ticket_id=place.id if place else None, number=place.number if place else None,
            display=_display(place) if place else "",
            ticket_state=place.state if place else None,
            waiting=sum(counter.counter_no in self.line.counters_for(one) for one in self.line.waiting),
        )  # fmt: skip

    def waiting_ticket(self, one: Place) -> WaitingTicket:
        wait = self._wait(one)
        return WaitingTicket(
            id=one.id, series=one.line, number=one.number, overflow=one.overflow,
            display=_display(one), priority=one.precedence,
            issued_at=one.issued_at, ahead=self.line.ahead_of(one),
            lo_min=wait.lo_min if wait else None, hi_min=wait.hi_min if wait else None, text=say_wait(wait),
        )  # fmt: skip

    def _wait(self, one: Place) -> Wait | None:
        return self.line.wait_of(one, _mean_s(one.line, self._paces))


def _display(place: Place) -> str:
    return write_number(place.series, place.number, place.overflow)


def _behind(pace: Pace | None) -> int:
    return pace.returned_behind if pace else RETURNED_BEHIND


def _paces(pace: Pace | None) -> dict[str, SeriesPace]:
    return {one.series: one for one in pace.series} if pace else {}


def _mean_s(series: str, paces: Mapping[str, SeriesPace]) -> float:
    return paces[series].service_mean_s if series in paces else PRIOR_S


def _seconds(since: str, until: str) -> float:
    begin, end = read_moment(since), read_moment(until)
    return max((end - begin).total_seconds(), 0) if begin and end else 0
