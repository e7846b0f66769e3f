"""One field manager's month: the visits that fall due, made one by one on a tablet and handed in at night."""

from collections.abc import Sequence
from datetime import date, timedelta
from random import Random

from backend.demo.day.crew import Worker
from backend.demo.day.field import STAY_MIN, Field
from backend.demo.month.oddities import STILL_WRONG, Oddity
from backend.demo.month.plan import Appointment, appoint
from backend.demo.month.watch import Watch
from backend.identity import BANK_TIME
from contracts.base import Body
from contracts.errors import ErrorCode
from sync.tablet.errors import Refused
from sync.tablet.overlay import View
from sync.tablet.sign_in import sign_in

PURPOSE = "贷后检查"
PHOTO_SHARE = 0.06
ATTEMPTS = 5


class Rounds(Field):
    """A manager, the own tablet, and what is still to be done this month."""

    def __init__(self, worker: Worker, watch: Watch, diligence: float) -> None:
        super().__init__(worker, watch, visits=0, corrections=0)
        self.watch, self.diligence = watch, diligence
        self.appointments: list[Appointment] = []
        self.odd: dict[str, Oddity] = {}  # visit → what is odd about it
        self.contents: list[str] = []
        self.pictures: list[str] = []
        self.days: dict[str, date] = {}  # visit → when it was made, whatever any wall clock told

    @property
    def made(self) -> int:
        """Return how many visits were made."""
        return len(self.days)

    @property
    def name(self) -> str:
        """Return the staff number."""
        return self.worker.name

    def duties(self, portfolio: str | None = None) -> list[View]:
        """Return what the tablet says is due, by customer; of one portfolio if it is named."""
        found = [view for view in self.worker.tablet.find("duty") if portfolio in (None, view.body.get("portfolio"))]
        return sorted(found, key=lambda view: str(view.body["customer_id"]))

    def plan(self, days: Sequence[date], random: Random, portfolio: str | None = None) -> None:
        """Make appointments for what the tablet shows as due: nearly all of it."""
        due = [(view.body["customer_id"], _missing(view.body)) for view in self.duties(portfolio)]
        self._appoint(
            [(id, sum(random.random() < self.diligence for _ in range(count))) for id, count in due], days, random
        )

    def plan_beside(self, days: Sequence[date], random: Random) -> None:
        """Make appointments with some customers of whom nothing is due."""
        due = {view.body["customer_id"] for view in self.duties()}
        host = self.worker.person.portfolios
        mine = [view for view in self.worker.tablet.find("customer") if view.body.get("host_portfolio") in host]
        others = [view.id for view in mine if view.id not in due]
        self._appoint([(id, 1) for id in others[: max(1, len(due) // 4)]], days, random)

    def due_appointments(self) -> list[Appointment]:
        """Return the appointments with customers of whom a visit is due."""
        due = {view.body["customer_id"] for view in self.duties()}
        return [one for one in self.appointments if one.customer_id in due]

    def place_of(self, customer_id: str) -> Body:
        """Return where a customer is met."""
        customer = self.worker.tablet.view("customer", customer_id)
        assert customer is not None, "a customer of one's own"
        place: Body = customer.body["places"][0]
        return place

    def drop(self, customer_id: str, since: date) -> None:
        """Visit a customer no more from a day on."""
        self.appointments = [
            one for one in self.appointments if one.customer_id != customer_id or one.day < since
        ]  # fmt: skip

    def keep(self, one: Appointment) -> str:
        """Log the visit of an appointment, which ends now; return its id."""
        customer = self.worker.tablet.view("customer", one.customer_id)
        assert customer is not None, "a customer of one's own"
        oddity = one.oddity or (STILL_WRONG if self.watch.off else None)
        if one.oddity is not None:
            self.watch.off = one.oddity.off
        id = self.worker.new_id()
        said = self._write(id, customer)
        if oddity is not None:
            oddity.change(self, id, said)
            self.odd[id] = oddity
        self.contents.append(said["content"])
        self.days[id] = self.watch.clock().astimezone(BANK_TIME).date()
        return self.worker.tablet.append("visit", said, id=id).id

    def photograph(self, visit_id: str) -> str:
        """Take a picture for a visit and remember its name."""
        self.pictures.append(self._photograph(visit_id))
        return self.pictures[-1]

    def hand_in(self) -> bool:
        """Sync, signing in anew after a long silence; return whether it went through."""
        if self.worker.weather.is_offline:
            return False
        return any(self._sync() for _ in range(ATTEMPTS))

    def wake(self) -> None:
        """Begin a day: whoever finds the clock wrong sets it right."""
        self.watch.off = timedelta(0)

    def _appoint(self, wanted: Sequence[tuple[str, int]], days: Sequence[date], random: Random) -> None:
        taken = [one.place for one in self.appointments]
        self.appointments = sorted(
            [*self.appointments, *appoint(random, wanted, days, taken)], key=lambda one: one.place
        )

    def _write(self, id: str, customer: View) -> Body:
        stay_min, place = self.random.randint(*STAY_MIN), self.place_of(customer.id)
        said: Body = {
            "customer_id": customer.id, "purpose": PURPOSE, "content": self._draw_content(place["label"], stay_min),
            "people_met": [customer.body["name"]], "started_at": self.watch.moment(minutes_ago=stay_min),
            "ended_at": self.watch.moment(), "check_in": self._fixes(place, stay_min),
            "check_out": self._fixes(place, 0),
        }  # fmt: skip
        if self.random.random() < PHOTO_SHARE:
            said["photos"] = [self._photograph(id)]
        return said

    def _sync(self) -> bool:
        person, line = self.worker.person, self.worker.line.line
        try:
            return self.worker.sync()
        except Refused as refused:
            if not refused.says(ErrorCode.UNAUTHENTICATED):
                raise
        sign_in(line, person.staff_no, person.password, self.worker.key)
        return False


def _missing(duty: Body) -> int:
    return max(0, int(duty["required"]) - int(duty.get("counted", 0)) - int(duty.get("pending", 0)))
