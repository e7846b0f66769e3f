"""The line as it is now: the same pure count on a tablet, from the tickets it holds, and on the server."""

from collections.abc import Iterable, Mapping

from backend.domain.tickets.rules.staffing import staff
from backend.domain.tickets.rules.waiting import AT_COUNTER, WAITING, Line, Queued, Wait, queued, say_wait
from contracts.kinds.counter import Counter
from contracts.kinds.pace import Pace, SeriesPace
from contracts.kinds.ticket import Ticket
from contracts.lobby import CounterLine, LineAnswer, SeriesLine, StaffingLine, WaitingTicket
from sync.moments import read_moment

PRIOR_S = 420  # a service, where nothing at all is known of a series
LIVE_S_MAX = 60  # what was heard longer ago is told with its age
TICKETS_MAX = 500  # waiting tickets that an answer names
HOUR_S = 3600
NOBODY = "~"  # an id that stands behind all others


def line_of(
    tickets: Mapping[str, Ticket], counters: Iterable[Counter], pace: Pace | None, now: str, as_of: str | None = None
) -> LineAnswer:
    """Return counts and waits per series and counter; `as_of` is when this was last heard, if not `now`.

    `tickets` may hold others that are long over; those of one branch and its present day are meant.
    """
    view = _View(tickets, counters, pace, now)
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
    series: str, priority: int, tickets: Mapping[str, Ticket], counters: Iterable[Counter], pace: Pace | None
) -> Wait | None:
    """Return what to tell a customer who takes a number now: `shown_lo_min` and `shown_hi_min` of the ticket."""
    return _View(tickets, counters, pace, "").next_wait(series, priority)


def staffing_of(
    series: str, counters: Iterable[Counter], pace: Pace | None, *, target_s: float, wanted: float
) -> StaffingLine:
    """Return what Erlang C says of one series' counters.

    Counters work for several series: the load of the others counts for the share of their counters that are shared.
    """
    paces, line = _paces(pace), Line((), counters)
    mine = line.counters_for(Queued(id="", series=series))
    offered = services = 0.0
    for name, known in paces.items():
        theirs = line.counters_for(Queued(id="", series=name))
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

    def __init__(self, tickets: Mapping[str, Ticket], counters: Iterable[Counter], pace: Pace | None, now: str) -> None:
        self.counters = sorted(counters, key=lambda counter: counter.counter_no)
        self.line = Line((queued(id, one) for id, one in tickets.items() if one.state in WAITING), self.counters)
        self._tickets, self._paces, self._now = tickets, _paces(pace), now
        at_counter = {id: one for id, one in sorted(tickets.items()) if one.state in AT_COUNTER}
        self._at = {one.counter: id for id, one in at_counter.items() if one.counter}

    def series(self) -> list[str]:
        """Return every series that somebody waits in, a counter serves, or a pace is known of."""
        served = {name for counter in self.counters for name in counter.series}
        return sorted({one.series for one in self.line.waiting} | set(self._paces) | served)

    def next_wait(self, series: str, priority: int = 0) -> Wait | None:
        last = Queued(id=NOBODY, series=series, priority=priority, since=NOBODY)
        return self.line.wait_of(last, self._at, _mean_s(series, self._paces))

    def series_line(self, series: str) -> SeriesLine:
        mine = [one for one in self.line.waiting if one.series == series]
        wait = self.next_wait(series)
        return SeriesLine(
            series=series,
            waiting=len(mine),
            counters_open=len(self.line.counters_for(Queued(id="", series=series))),
            service_mean_s=round(_mean_s(series, self._paces), 1),
            longest_wait_s=max((_seconds(one.since, self._now) for one in mine), default=0),
            lo_min=wait.lo_min if wait else None,
            hi_min=wait.hi_min if wait else None,
            text=say_wait(wait),
        )

    def counter_line(self, counter: Counter) -> CounterLine:
        id = self._at.get(counter.counter_no)
        ticket = self._tickets[id] if id else None
        return CounterLine(
            counter_no=counter.counter_no, state=counter.state, teller=counter.teller, series=list(counter.series),
            ticket_id=id, number=ticket.number if ticket else None, ticket_state=ticket.state if ticket else None,
            waiting=sum(counter.counter_no in self.line.counters_for(one) for one in self.line.waiting),
        )  # fmt: skip

    def waiting_ticket(self, one: Queued) -> WaitingTicket:
        ticket = self._tickets[one.id]
        wait = self.line.wait_of(one, self._at, _mean_s(one.series, self._paces))
        return WaitingTicket(
            id=one.id, series=one.series, number=ticket.number, overflow=ticket.overflow, priority=one.priority,
            issued_at=one.since, ahead=self.line.ahead_of(one),
            lo_min=wait.lo_min if wait else None, hi_min=wait.hi_min if wait else None, text=say_wait(wait),
        )  # fmt: skip


def _paces(pace: Pace | None) -> dict[str, SeriesPace]:
    return {one.series: one for one in pace.series} if pace else {}


def _mean_s(series: str, paces: Mapping[str, SeriesPace]) -> float:
    return paces[series].service_mean_s if series in paces else PRIOR_S


def _seconds(since: str, until: str) -> float:
    begin, end = read_moment(since), read_moment(until)
    return max((end - begin).total_seconds(), 0) if begin and end else 0
