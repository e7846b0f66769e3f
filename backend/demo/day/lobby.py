"""What a lobby manager does all day: hands out numbers, calls them, and fills forms before the counter (001-13)."""

from collections.abc import Callable, Iterator
from itertools import count
from random import Random
from typing import Any

import msgspec
from msgspec import Struct

from backend.demo.customers import PHONE_PREFIX
from backend.demo.day.clock import CLOSES_MIN, OPENS_MIN, DayClock
from backend.demo.day.crew import Worker
from backend.demo.filling import fill_form
from backend.demo.people import draw_name
from backend.domain.tickets.rules.line import AT_COUNTER, Place, next_ticket, place_of
from contracts.base import Body
from contracts.kinds.catalog import FormTemplate

SERIES = "A"
LAST_ARRIVAL_MIN = CLOSES_MIN - 30
RUSH = ((9 * 60, 11 * 60), (14 * 60, 16 * 60))
RUSH_SHARE = 0.7
SERVICES = ("general", "general", "cash", "loan", "card")
TELLERS = ("T01", "T02", "T03")

Step = Callable[[], bool]  # does the next thing; False: somebody else was first, leave it alone
Steps = Iterator[tuple[int, Step]]  # minutes after the step before, and the step


class Errand(Struct):
    """A customer's way through the branch, as far as it is."""

    id: str
    due_min: int
    step: Step
    rest: Steps


class Lobby:
    """One lobby manager's day."""

    def __init__(self, worker: Worker, day: DayClock, templates: list[str], *, tickets: int, forms: int) -> None:
        self.worker, self._day, self._templates = worker, day, templates
        self.branch = worker.person.org_id
        self.counter = worker.name[-1]
        self.random: Random = worker.random
        self._arrivals = sorted(draw_minute(self.random) for _ in range(tickets))
        self._fillings = sorted(draw_minute(self.random) for _ in range(forms))
        self._errands: list[Errand] = []
        self._welcomed: set[str] = set()  # each calls whom they welcomed, so that colleagues do not call one customer
        self.issued = self.overflown = self.filled = 0

    def step(self) -> None:
        """Do what is due at this minute."""
        now = self._day.minute
        while self._arrivals and self._arrivals[0] <= now:
            self._arrivals.pop(0)
            self.issue()
        while self._fillings and self._fillings[0] <= now:
            self._fillings.pop(0)
            self._begin(self._new_form(), self._form_steps)
        for errand in [errand for errand in self._errands if errand.due_min <= now]:
            self._advance(errand)

    def close(self) -> None:
        """Finish what is under way, as the doors close, and hand out no more numbers."""
        while self._errands:
            for errand in list(self._errands):
                self._advance(errand)
        self.worker.tablet.end_day(self._day.business_date)

    def issue(self) -> str:
        """Hand out the next number and return the ticket's id."""
        fields: Body = {"service": self.random.choice(SERVICES), "priority": 1 if self.random.random() < 0.06 else 0}
        view = self.worker.tablet.issue_ticket(self.branch, SERIES, self._day.business_date, **fields)
        self.issued += 1
        self.overflown += "overflow" in view.body
        self._welcomed.add(view.id)
        self._begin(view.id, self._ticket_steps)
        return view.id

    def call(self, ticket: str) -> None:
        """Call a ticket now, whoever issued it, and go on with it later."""
        self._errands = [errand for errand in self._errands if errand.id != ticket]
        self._call_at(self._free_counter(self._places()), ticket)

    def give_up(self, id: str) -> None:
        """Leave something to a colleague."""
        self._errands = [errand for errand in self._errands if errand.id != id]

    def new_form(self, **fields: Any) -> str:
        """Begin a form that somebody else will go on with; return its id."""
        return self._new_form(**fields)

    # --- a ticket's way

    def _ticket_steps(self, id: str) -> Steps:
        yield self.random.randint(5, 25), lambda: True
        if self.random.random() < 0.05:
            yield 0, lambda: self._move("ticket", id, "left", {"ended_at": self._day.moment()})
            return
        yield 0, self._call_next

    def _called_steps(self, id: str) -> Steps:
        if self.random.random() < 0.06:
            yield 5, lambda: self._mine(id) and self._move("ticket", id, "skipped", {})
            yield 10, lambda: self._move("ticket", id, "returned", {})
            yield 5, self._call_next
            return
        yield 2, lambda: self._mine(id) and self._move("ticket", id, "serving", {"serving_at": self._day.moment()})
        ends = self.random.randint(4, 18)
        yield ends, lambda: self._mine(id) and self._move("ticket", id, "finished", {"ended_at": self._day.moment()})

    def _call_next(self) -> bool:
        """Call whoever is next by the rule of the line, at a free counter; that customer goes a way of their own."""
        places = self._places()
        welcomed = [place for place in places if place.id in self._welcomed or place.state in AT_COUNTER]
        counter = self._free_counter(places)
        if (place := next_ticket(welcomed, counter)) is not None:
            self._call_at(counter, place.id)
        return False

    def _call_at(self, counter: str, ticket: str) -> None:
        self._move("ticket", ticket, "called", {"counter": counter, "called_at": self._day.moment()})
        self._begin(ticket, self._called_steps)

    def _places(self) -> list[Place]:
        """Return the day's tickets of the branch, as far as this tablet knows."""
        views = self.worker.tablet.find("ticket")
        return [place_of(view.id, {"state": "waiting", **view.body}) for view in views]

    def _free_counter(self, places: list[Place]) -> str:
        """Return the first of this manager's counters that has no ticket: one counter serves one customer."""
        busy = {place.counter for place in places if place.state in AT_COUNTER}
        return next(name for at in count(1) if (name := f"{self.counter}{at:02d}") not in busy)

    def _mine(self, ticket: str) -> bool:
        view = self.worker.tablet.view("ticket", ticket)
        return view is not None and (view.body.get("counter") or "").startswith(self.counter)

    # --- a form's way

    def _new_form(self, **fields: Any) -> str:
        self.filled += 1
        said = {
            "branch_id": self.branch, "template_id": self.random.choice(self._templates),
            "name": draw_name(self.random, self.random.choice("FM")),
            "phone": f"{PHONE_PREFIX}{self.random.randint(0, 9999):04d}",
            "tags": sorted(self.random.sample(["新客户", "老年人", "加急", "农户"], 1)),
        }  # fmt: skip
        return self.worker.tablet.create("form", said | fields).id

    def _form_steps(self, id: str) -> Steps:
        tablet = self.worker.tablet
        amount_fen = self.random.randint(1, 500) * 100_000

        def fill() -> bool:
            view = tablet.view("form", id)
            assert view is not None, "whoever begins a form has it"
            template = self._template(view.body["template_id"])
            answers = fill_form(self.random, template, view.body.get("values", {}), self._day.midnight.date())
            tablet.patch("form", id, answers | {"amount_fen": amount_fen})
            return True

        yield self.random.randint(2, 8), fill
        yield 0, lambda: self._move("form", id, "complete", {})
        if self.random.random() < 0.08:
            yield 5, lambda: self._move("form", id, "cancelled", {})
            return
        yield 3, lambda: self._move("form", id, "confirmed", {"confirmed_at": self._day.moment()})
        yield 5, lambda: self._move("form", id, "bound", {})
        yield 5, lambda: self._move("form", id, "loaded", {"teller": self.random.choice(TELLERS)})
        yield 5, lambda: self._move("form", id, "accepted", {})

    def _template(self, id: str) -> FormTemplate:
        view = self.worker.tablet.view("form_template", id)
        assert view is not None, "every tablet has the catalog"
        return msgspec.convert(view.body, FormTemplate)

    # --- errands

    def _begin(self, id: str, way: Callable[[str], Steps]) -> None:
        rest = way(id)
        after, step = next(rest)
        self._errands.append(Errand(id, self._day.minute + after, step, rest))

    def _advance(self, errand: Errand) -> None:
        following = next(errand.rest, None) if errand.step() else None
        if following is None:
            self._errands.remove(errand)
        else:
            errand.due_min, errand.step = self._day.minute + following[0], following[1]

    def _move(self, kind: str, id: str, to: str, facts: Body) -> bool:
        self.worker.tablet.transition(kind, id, to, facts)
        return True


def draw_minute(random: Random) -> int:
    """Return a minute of the day at which a customer comes: most come in the two rushes."""
    if random.random() < RUSH_SHARE:
        return random.randint(*random.choice(RUSH))
    return random.randint(OPENS_MIN, LAST_ARRIVAL_MIN)
