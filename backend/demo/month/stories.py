"""What happens in the month beside honest visits, by the day: odd visits, a hand-over, a settled loan, late tablets."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from functools import partial
from random import Random

from backend.app import House
from backend.crm.events import CrmEvent
from backend.crm.inbound import apply_events
from backend.demo.day.crew import Desk
from backend.demo.day.scene import Happening
from backend.demo.month import oddities
from backend.demo.month.oddities import Oddity
from backend.demo.month.plan import move_to
from backend.demo.month.rounds import Rounds
from backend.demo.timekeeper import await_judgement
from backend.domain.customers.rules.masking import mask_name
from backend.registry import KINDS
from contracts.base import Body
from contracts.errors import ErrorCode
from sync.moments import write_moment
from sync.store import Key
from sync.tablet.errors import Refused

Note = Callable[[str], None]

MONTH = "2026-10"
GIVER, HEIR, HANDED_OVER = "F350601-3", "F350601-1", "P350601-3"
LATE, BARELY_IN_TIME, DEBTOR_OF, PATIENT_OF = "F350802-1", "F350101-2", "F350801-2", "F350102-1"
ILL, DECIDED, HAND_OVER, SETTLED = (date(2026, 10, day) for day in (15, 16, 19, 20))
EARLY_MIN, OPENED_MIN, LATE_MIN = 8 * 60 + 40, 9 * 60, 19 * 60  # minutes of a day
CRM_FIELDS = ("crm_revision", "as_of", "portfolios")

# What goes wrong with whom: the share of the month's appointments that lies before it, and what is odd.
ODD: Mapping[str, Sequence[tuple[float, Oddity]]] = {
    "F350101-1": [(0.4, oddities.weak_signal(380)), (0.6, oddities.NO_FIX)],
    "F350101-3": [(0.3, oddities.at_the_edge(0.8, 0.4)), (0.7, oddities.at_the_edge(1.2, 0.5))],
    "F350102-1": [(0.5, oddities.MOCKED)],
    "F350601-1": [(0.1, oddities.PHOTOGRAPHED), (0.35, oddities.REUSED)],
    "F350601-2": [(0.5, oddities.COPIED), (0.8, oddities.BY_PHONE)],
    "F350602-1": [(0.4, oddities.BACK)],
    "F350801-1": [(0.5, oddities.FORWARD)],
    "F350802-2": [(0.6, oddities.elsewhere(3_400))],
}


class Stories:
    """The month's staged troubles. `managers` are keyed by staff number."""

    def __init__(
        self, house: House, managers: Mapping[str, Rounds], desks: Mapping[str, Desk], workdays: Sequence[date],
        note: Note, random: Random, *, is_late: bool,
    ) -> None:  # fmt: skip
        """`is_late`: two tablets lose their line and hand in after the month's end."""
        self._house, self._managers, self._desks, self._workdays = house, managers, desks, workdays
        self._note, self._random = note, random
        self._is_late = is_late
        self.debtor = self.patient = self._exemption = ""
        self.settled: tuple[Body, Body] | None = None  # the duty on the tablet, before and after the loan was settled

    def arrange(self) -> None:
        """Make of some appointments what shall happen; everybody has made their plans."""
        self._choose_debtor()
        self.patient = self._managers[PATIENT_OF].duties()[-1].body["customer_id"]
        self._managers[PATIENT_OF].drop(self.patient, ILL)
        for name, days in ((LATE, days_of(28, 29)), (BARELY_IN_TIME, days_of(30, 30))):
            manager = self._managers[name]
            for one in manager.due_appointments()[-len(days) :]:
                move_to(manager.appointments, one, [*days, date(2026, 10, 30)])
            manager.appointments.sort(key=lambda one: one.place)
        for name, troubles in ODD.items():
            mine = self._managers[name].due_appointments()
            for share, oddity in troubles:
                mine[int(share * len(mine))].oddity = oddity

    def happenings_on(self, day: date) -> list[Happening]:
        """Return (minute of the day, what happens)."""
        script: dict[date, list[Happening]] = {
            ILL: [(EARLY_MIN, self._apply_for_exemption)],
            DECIDED: [(EARLY_MIN, self._decide_exemption)],
            HAND_OVER: [(EARLY_MIN, self._hand_over)],
            SETTLED: [(EARLY_MIN, self._settle_loan)],
        }
        return [*script.get(day, []), *(self._outages_on(day) if self._is_late else [])]

    def _outages_on(self, day: date) -> list[Happening]:
        outages: dict[date, Happening] = {
            date(2026, 10, 27): (LATE_MIN, partial(self._cut, LATE)),
            date(2026, 10, 29): (LATE_MIN, partial(self._cut, BARELY_IN_TIME)),
            date(2026, 11, 3): (OPENED_MIN, partial(self._mend, BARELY_IN_TIME)),
            date(2026, 11, 6): (OPENED_MIN, partial(self._mend, LATE)),
        }
        return [outages[day]] if day in outages else []

    # --- lines

    def _cut(self, name: str) -> None:
        self._managers[name].worker.weather.is_offline = True
        self._note(f"✂ {name} has no line any more and works on")

    def _mend(self, name: str) -> None:
        manager = self._managers[name]
        manager.worker.weather.is_offline = False
        owed = manager.worker.tablet.unsent_count()
        manager.hand_in()
        await_judgement(self._house)
        self._note(f"⚡ {name} has a line again and hands in {owed} of October")

    # --- people

    def _hand_over(self) -> None:
        giver, heir, office = self._managers[GIVER], self._managers[HEIR], self._desks["A35"]
        office.ask("DELETE", f"/admin/portfolios/{HANDED_OVER}/staff/{GIVER}")
        office.ask("PUT", f"/admin/portfolios/{HANDED_OVER}/staff", {"staff_no": HEIR})
        left = len(giver.appointments)
        giver.appointments.clear()
        giver.hand_in()
        known = {view.id for view in heir.duties()}
        heir.hand_in()
        taken = len({view.id for view in heir.duties()} - known)
        heir.plan([day for day in self._workdays if day >= HAND_OVER], self._random, HANDED_OVER)
        self._note(f"⇄ {GIVER} leaves: A35 gives {HANDED_OVER} to {HEIR}, with {left} visits not made yet")
        self._note(f"  {HEIR}'s tablet shows {taken} more duties, {GIVER}'s has purged the customers")

    def _apply_for_exemption(self) -> None:
        said = {
            "customer_id": self.patient, "first_month": MONTH, "last_month": MONTH,
            "reason": "住院手术，出院前不便走访", "evidence": "住院证明，支行档案 2026-10-15",
        }  # fmt: skip
        self._exemption = self._desks["S3501"].ask("POST", "/compliance/exemptions", said)["exemption_id"]
        refused = ""
        try:
            self._desks["S3501"].ask("POST", self._decision, {"approve": True})
        except Refused as error:
            refused = error.code
        assert refused == ErrorCode.OWN_WORK.code, "nobody decides about what they asked for"
        name = self._name(PATIENT_OF, self.patient)
        self._note(f"☂ S3501 asks that {name} of {PATIENT_OF} need not be visited, who is in hospital")
        self._note(f"  S3501 tries to approve it alone: refused, {refused}")

    def _decide_exemption(self) -> None:
        said = {"approve": True, "note": "已核对住院证明"}
        self._desks["S35"].ask("POST", self._decision, said)
        self._note("☂ S35 looks at the paper and approves: the duty is exempt, and stands in no rate")

    @property
    def _decision(self) -> str:
        return f"/compliance/exemptions/{self._exemption}/decision"

    # --- the CRM

    def _choose_debtor(self) -> None:
        """Choose a customer who will have been visited once when the loan is settled, and visit them no more then."""
        manager = self._managers[DEBTOR_OF]
        twice = [view.body["customer_id"] for view in manager.duties()]
        dated = {id: [one for one in manager.appointments if one.customer_id == id] for id in twice}
        self.debtor = next(id for id in twice if len(dated[id]) == 2)
        first, second = dated[self.debtor]
        manager.appointments.remove(second)
        move_to(manager.appointments, first, [day for day in self._workdays if day < ILL])
        manager.appointments.sort(key=lambda one: one.place)

    def _settle_loan(self) -> None:
        manager = self._managers[DEBTOR_OF]
        before = self._duty_of_debtor()
        apply_events(self._house.engine, self._house.store, [self._event_of(self._loan_of(self.debtor))])
        manager.hand_in()
        after = self._duty_of_debtor()
        self.settled = before, after
        name = self._name(DEBTOR_OF, self.debtor)
        self._note(
            f"☎ the CRM says that the loan of {name} of {DEBTOR_OF} is settled: "
            f"{before['required']} visits required before, {after['required']} now; {after['status']}"
        )

    def _duty_of_debtor(self) -> Body:
        duties = self._managers[DEBTOR_OF].duties()
        return next(view.body for view in duties if view.body["customer_id"] == self.debtor)

    def _loan_of(self, customer_id: str) -> Key:
        held = self._managers[DEBTOR_OF].worker.tablet.find("holding")
        return Key("holding", next(view.id for view in held if view.body["customer_id"] == customer_id))

    def _event_of(self, loan: Key) -> CrmEvent:
        stored = self._house.store.read(lambda look: look.records([loan]))[loan]
        known = KINDS["holding"].read(stored.body)
        body = {name: value for name, value in known.items() if name not in CRM_FIELDS} | {"balance_fen": 0}
        return CrmEvent(
            source="core", event_id="month-settled", kind="holding", id=loan.id,
            revision=known["crm_revision"] + 1, body=body, at=write_moment(self._house.engine.clock()),
        )  # fmt: skip

    def _name(self, manager: str, customer_id: str) -> str:
        view = self._managers[manager].worker.tablet.view("customer", customer_id)
        return mask_name(view.body["name"]) if view else "?"


def days_of(first: int, last: int) -> list[date]:
    """Return some days of the month."""
    return [date(2026, 10, 1) + timedelta(days=n - 1) for n in range(first, last + 1)]
