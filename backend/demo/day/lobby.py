"""What a lobby manager does all day: hands out numbers, calls for counters, fills forms, talks (001-13)."""

from collections.abc import Collection
from random import Random

import msgspec

from backend.demo.day.agenda import Agenda
from backend.demo.day.clock import DayClock
from backend.demo.day.counters import Called
from backend.demo.day.crew import Worker, settle
from backend.demo.day.guests import GENERAL, SERIES, Guest
from backend.demo.day.paperwork import Paperwork
from backend.demo.day.talks import Talks
from backend.demo.teller_system import TellerSystem
from backend.domain.tickets.rules.line import (
    RETURNED_BEHIND,
    Place,
    next_ticket,
    place_of,
    share_of,
    write_number,
)
from backend.domain.tickets.rules.live import line_of, told_wait
from contracts.base import Body
from contracts.kinds.counter import Counter as CounterRecord
from contracts.kinds.counter import counter_id
from contracts.kinds.pace import Pace
from contracts.lobby import LineAnswer
from contracts.machine import CallNextRequest, CallNextResponse
from sync.moments import read_moment, write_moment
from sync.tablet.overlay import View

BEFORE = {"recalled": {"called"}, "serving": {"called", "recalled"}, "finished": {"serving"}, "skipped": {"called"},
          "returned": {"skipped"}, "transferred": {"serving"}}  # fmt: skip
MOMENTS = {"called": "called_at", "serving": "serving_at", "finished": "ended_at", "left": "ended_at"}


class Lobby:
    """One lobby manager's day. Calls for counters, with a line and without (a `Caller`)."""

    def __init__(self, worker: Worker, day: DayClock, templates: list[str], teller: TellerSystem) -> None:
        self.worker, self._day = worker, day
        self.branch = worker.person.org_id
        self.random: Random = worker.random
        self.agenda = Agenda(day)
        self.paperwork = Paperwork(worker, day, self.agenda, templates, teller)
        self.talks = Talks(worker, day, self.agenda, self._wait_min)
        self.handed_out: list[tuple[str, str, int]] = []  # series, letter, number
        self.mine: set[str] = set()  # tickets whose customers this manager takes care of
        self.split = (0, 1)  # without a line in the whole branch: the numbers with this remainder are called here
        self._is_splitting = False
        self._since_cut: set[str] = set()

    def open(self, counters: Collection[str]) -> None:
        """Declare the counters that this manager calls for, and open them."""
        for number in counters:
            said: Body = {
                "branch_id": self.branch, "counter_no": number, "series": list(SERIES), "teller": f"T0{number}"
            }  # fmt: skip
            id = self.worker.tablet.create("counter", said, id=counter_id(self.branch, number)).id
            self.worker.tablet.transition("counter", id, "open", {})

    def lose_line(self, *, is_all: bool = False) -> None:
        """Work on without a line; `is_all`: the whole branch does, and its tablets divide the line among them."""
        self.worker.weather.is_offline, self._is_splitting = True, is_all
        self._since_cut.clear()

    def issue(self, guest: Guest) -> View:
        """Hand out the next number, with the wait that the tablet foresees."""
        said: Body = {"service": guest.service}
        said |= {"claim": guest.claim} if guest.claim else {}
        view = self.worker.tablet.issue_ticket(
            self.branch, guest.series, self._day.business_date, tell=told_wait, **said
        )
        self.handed_out.append((guest.series, view.body.get("overflow") or "", view.body["number"]))
        self._since_cut.add(view.id)
        return view

    def call_next(self, counter_no: str) -> Called | None:
        """Call by the server's word; without a line, by the same rule from what this tablet knows."""
        if self.worker.weather.is_offline:
            return self._call_alone(counter_no)
        settle(self.worker)
        asked = CallNextRequest(branch_id=self.branch, counter_no=counter_no)
        answer = self.worker.ask("POST", "/lobby/call-next", asked, CallNextResponse)
        if answer is None or answer.ticket_id is None:
            return None
        settle(self.worker)
        return Called(answer.ticket_id, answer.display)

    def move(self, called: Called, to: str, counter_no: str) -> bool:
        """Say what became of a call, unless the tablet knows that somebody else has the ticket."""
        view = self.worker.tablet.view("ticket", called.id)
        if view is None or view.body["state"] not in BEFORE[to]:
            return False
        if to != "returned" and view.body.get("counter") != counter_no:
            return False
        self.say(called.id, to, **({"for_series": GENERAL} if to == "transferred" else {}))
        return True

    def call(self, ticket_id: str, counter_no: str) -> Called:
        """Call one certain ticket, whatever others do."""
        self.say(ticket_id, "called", counter=counter_no)
        view = self.worker.tablet.view("ticket", ticket_id)
        assert view is not None, "who calls a ticket sees it"
        return Called(ticket_id, display_of(view.body))

    def say(self, ticket_id: str, to: str, **facts: object) -> None:
        """Ask for another state of a ticket."""
        facts |= {MOMENTS[to]: self._day.moment()} if to in MOMENTS else {}
        self.worker.tablet.transition("ticket", ticket_id, to, facts)

    def card_of(self, ticket_id: str) -> View | None:
        """Return the card of whoever has a ticket, as long as it is here."""
        found = (view for view in self.worker.tablet.find("card") if view.body["ticket_id"] == ticket_id)
        return next(found, None)

    def places(self) -> list[Place]:
        """Return the day's tickets of the branch, as far as this tablet knows."""
        views = self.worker.tablet.find("ticket")
        return [place_of(view.id, {"state": "waiting", **view.body}) for view in views]

    def line(self, as_of: str) -> LineAnswer:
        """Return the line as this tablet shows it; `as_of` is when it heard of the server last."""
        return line_of(
            self.places(), self._counters(), self._pace(), _utc(self._day.moment()), as_of=_utc(as_of)
        )  # fmt: skip

    def _wait_min(self, ticket_id: str) -> int | None:
        return next((one.lo_min for one in self.line(self._day.moment()).tickets if one.id == ticket_id), None)

    def _call_alone(self, counter_no: str) -> Called | None:
        mine = share_of(self.places(), self._since_cut, self.split if self._is_splitting else None)
        pace = self._pace()
        behind = pace.returned_behind if pace else RETURNED_BEHIND
        place = next_ticket(mine, counter_no, SERIES, behind=behind)
        if place is None:
            return None
        self.say(place.id, "called", counter=counter_no)
        return Called(place.id, write_number(place.series, place.number, place.overflow))

    def _counters(self) -> list[CounterRecord]:
        views = self.worker.tablet.find("counter")
        return [msgspec.convert({"state": "closed", **view.body}, CounterRecord) for view in views]

    def _pace(self) -> Pace | None:
        views = self.worker.tablet.find("pace")
        return msgspec.convert(views[0].body, Pace) if views else None


def display_of(ticket: Body) -> str:
    """Return a ticket's number as it is printed."""
    return write_number(ticket["series"], ticket["number"], ticket.get("overflow"))


def _utc(moment: str) -> str:
    read = read_moment(moment)
    assert read is not None, moment
    return write_moment(read)
