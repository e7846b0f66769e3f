"""The lobby online: the line as it is, and the day in figures."""

from contracts.base import Message


class SeriesLine(Message, frozen=True, kw_only=True):
    """One series: who waits, and what somebody who takes a number now is told; no interval while no counter is open."""

    series: str
    waiting: int
    counters_open: int
    service_mean_s: float
    longest_wait_s: float
    lo_min: int | None = None
    hi_min: int | None = None
    text: str = ""


class CounterLine(Message, frozen=True, kw_only=True):
    """One counter: its state, whom it has, and how many wait whom it may call."""

    counter_no: str
    state: str
    teller: str | None = None
    series: list[str] = []
    ticket_id: str | None = None
    number: int | None = None
    display: str = ""  # the number as it is printed and called
    ticket_state: str | None = None
    waiting: int = 0


class WaitingTicket(Message, frozen=True, kw_only=True):
    """One who waits: how many are called before them, and for how long still."""

    id: str
    series: str  # in whose line, after a transfer not the printed one
    number: int
    overflow: str | None = None
    display: str = ""  # the number as it is printed and called
    priority: int = 0  # the ticket's own or that of its series, whichever is higher
    issued_at: str
    ahead: int
    lo_min: int | None = None
    hi_min: int | None = None
    text: str = ""


class StaffingLine(Message, frozen=True, kw_only=True):
    """Erlang C of one series; where the queue grows it tells no number but how many counters are needed."""

    series: str
    counters: int
    offered_erlang: float
    is_growing: bool
    wait_share: float | None = None
    wait_mean_s: float | None = None
    service_level: float | None = None
    target_s: float
    wanted: float
    counters_needed: int | None = None


class LineAnswer(Message, frozen=True, kw_only=True):
    """A branch's line, as of a moment; `is_live` unless that was long ago."""

    branch_id: str = ""
    as_of: str
    is_live: bool
    waiting: int
    series: list[SeriesLine] = []
    counters: list[CounterLine] = []
    tickets: list[WaitingTicket] = []
    staffing: list[StaffingLine] = []


class Definition(Message, frozen=True, kw_only=True):
    """What a figure means (domain-rules.md §8)."""

    key: str
    title: str
    meaning: str


class DayFigures(Message, frozen=True, kw_only=True):
    """Figures of one part of a day, or of all of it; None where there is nothing to divide by."""

    key: str = ""  # an hour, series, counter, person or branch; empty: all, or what belongs to no part
    issued: int = 0
    called: int = 0
    finished: int = 0
    wait_mean_s: float | None = None
    wait_median_s: float | None = None
    wait_p90_s: float | None = None
    service_level: float | None = None
    abandonment: float | None = None
    left: int = 0
    cancelled: int = 0
    no_shows: int = 0
    unserved: int = 0
    still_waiting: int = 0
    services: int = 0
    service_mean_s: float | None = None
    inaccurate: int = 0
    busy_s: float = 0
    open_s: float = 0
    occupancy: float | None = None
    recalls: int = 0
    recall_rate: float | None = None
    transfers: int = 0
    eligible: int = 0
    prefilled: int = 0
    prefill_rate: float | None = None
    saved_min: float = 0
    told: int = 0
    coverage: float | None = None  # of the told wait intervals: the share in which the real wait fell
    identified: int = 0
    approached: int = 0
    recommended: int = 0
    interested: int = 0
    reserved: int = 0
    done: int = 0


class DayAnswer(Message, frozen=True, kw_only=True):
    """A day of an institution and all below it, whole and by parts."""

    org_id: str
    business_date: str
    by: str
    target_s: float
    as_of: str
    branches: int
    total: DayFigures
    rows: list[DayFigures] = []
    definitions: list[Definition] = []
