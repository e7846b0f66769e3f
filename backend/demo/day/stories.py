"""What goes wrong on the day, by the clock: lines fail, people disagree, and the CRM changes things meanwhile."""

from collections.abc import Mapping
from functools import partial

from backend.crm.embedded import drain_outbox
from backend.crm.events import CrmEvent
from backend.crm.inbound import apply_events
from backend.demo.day.counters import Called
from backend.demo.day.crew import Desk, Worker, settle
from backend.demo.day.field import Field
from backend.demo.day.guests import Guest
from backend.demo.day.lobby import Lobby
from backend.demo.day.scene import Happening, Scene, at
from backend.demo.day.tale import mask_value
from backend.domain.customers.rules.masking import mask_name
from backend.registry import KINDS
from contracts.base import Body
from sync.moments import write_moment
from sync.store import Key
from sync.tablet.overlay import View

STALE_COUNTER, EXTRA_COUNTER = "7", "8"  # desks of 350101 that call nobody by themselves
LOST_PORTFOLIO = "P350101-3"  # the second one of F350101-1
CRM_FIELDS = ("crm_revision", "as_of")


class Stories:
    """The day's staged troubles, with lines, between two people, with the CRM and with portfolios."""

    def __init__(self, scene: Scene) -> None:
        self._house, self._day, self._scene = scene.house, scene.day, scene
        self._lobbies, self._fields = scene.lobbies, scene.fields
        self._supervisor, self._administrator = scene.supervisor, scene.administrator
        self._disputed: View | None = None
        self._form = ""
        self._ticket = Called("", "")
        self._late_visit = self._late_edit = 0

    def script(self) -> list[Happening]:
        """Return (minute of the day, what happens)."""
        one = self._lobbies["L350101-1"].worker
        three, far = self._lobbies["L350102-1"].worker, self._lobbies["L350601-1"].worker
        loser, field = self._fields["F350101-1"].worker, self._fields["F350601-1"].worker
        return [
            (at(9, 0), self._call_behind_a_back),
            (at(9, 20), self._call_one_ticket_twice),
            (at(9, 45), lambda: self._mend(one)),
            (at(9, 50), lambda: self._cut(far)),
            (at(10, 0), self._begin_shared_form),
            (at(10, 5), lambda: self._cut(three)),
            (at(10, 20), self._edit_one_form_twice),
            (at(10, 30), lambda: self._cut(field)),
            (at(10, 40), lambda: self._mend(three)),
            (at(10, 50), self._propose_without_a_line),
            (at(11, 0), lambda: self._mend(far)),
            (at(11, 10), self._let_the_crm_change_a_phone),
            (at(11, 30), lambda: self._mend(field)),
            (at(11, 35), self._decide_requests),
            (at(12, 0), lambda: self._cut(loser)),
            (at(12, 30), self._visit_before_the_loss),
            (at(13, 0), self._take_a_portfolio_away),
            (at(13, 20), self._edit_after_the_loss),
            (at(14, 0), self._learn_of_the_loss),
            (at(14, 10), self._move_a_customer),
            (at(15, 0), self._review),
            (at(15, 5), self._decide_requests),
            (at(17, 0), self._decide_requests),
            *self._spells({"F350801-1": (at(11, 40), 60), "L350102-2": (at(13, 30), 45), "F350101-2": (at(15, 30), 70),
                            "L350101-2": (at(16, 0), 30)}),
        ]  # fmt: skip

    # --- lines

    def _spells(self, spells: Mapping[str, tuple[int, int]]) -> list[Happening]:
        """Return when the lines of these people break, and when they are back; (begin, minutes) each."""
        troubles: Mapping[str, Lobby | Field] = {**self._lobbies, **self._fields}
        happenings: list[Happening] = []
        for name, (begin, minutes) in spells.items():
            worker = troubles[name].worker
            happenings.append((begin, partial(self._cut, worker)))
            happenings.append((begin + minutes, partial(self._mend, worker)))
        return happenings

    def _cut(self, worker: Worker) -> None:
        if worker.name in self._lobbies:
            self._lobbies[worker.name].lose_line()
        worker.weather.is_offline = True
        self._note(f"✂ {worker.name} has no line any more and works on")

    def _mend(self, worker: Worker) -> None:
        worker.weather.is_offline = False
        owed = worker.tablet.unsent_count()
        is_through = settle(worker)
        self._note(
            f"⚡ {worker.name} has a line again and hands in {owed} mutations" + ("" if is_through else " - later")
        )

    # --- two people, one thing

    def _call_behind_a_back(self) -> None:
        """A customer whom both tablets know is called by one right after the other has lost its line."""
        here, there = self._lobbies["L350101-1"], self._lobbies["L350101-2"]
        branch = self._scene.branches["350101"]
        _, id = branch.welcome(Guest(minute=self._day.minute, service="loan", service_min=30), here)
        settle(here.worker)
        settle(there.worker)
        self._cut(here.worker)
        self._ticket = there.call(id, EXTRA_COUNTER)
        branch.add_counter(EXTRA_COUNTER, there).take(self._ticket)
        settle(there.worker)

    def _call_one_ticket_twice(self) -> None:
        here = self._lobbies["L350101-1"]
        here.call(self._ticket.id, STALE_COUNTER)
        self._note(
            f"⚔ counters {EXTRA_COUNTER} and {STALE_COUNTER} both call {self._ticket.display}: for {here.worker.name}, "
            "who has no line, it still waits"
        )

    def _begin_shared_form(self) -> None:
        paperwork = self._lobbies["L350102-2"].paperwork
        self._form = paperwork.begin(remark="客户要求加急", amount_fen=500_000, tags=["老年人"])
        settle(self._lobbies["L350102-2"].worker)
        settle(self._lobbies["L350102-1"].worker)

    def _edit_one_form_twice(self) -> None:
        """Both touch the phone (a supervisor's), the amount (the author's), tags and remark (both stay)."""
        edits = {
            "L350102-2": {"phone": "19700000002", "amount_fen": 800_000, "tags": ["加急", "农户"], "copies": 2,
                          "remark": "客户要求加急\n已核对身份"},
            "L350102-1": {"phone": "19700000001", "amount_fen": 600_000, "tags": ["加急", "老年人"], "copies": 3,
                          "remark": "客户要求加急\n需现金", "values.months": 36},
        }  # fmt: skip
        for name, edit in edits.items():
            self._lobbies[name].worker.tablet.patch("form", self._form, edit)
        settle(self._lobbies["L350102-2"].worker)
        self._note("⚔ L350102-1 and L350102-2 edit one form: phone, amount, tags, copies and remark")

    # --- the CRM

    def _propose_without_a_line(self) -> None:
        field = self._fields["F350601-1"]
        self._disputed = field.next_customer()
        field.correct(self._disputed, {"phone": field.new_phone()})
        self._note(f"{field.worker.name} proposes a new phone for {self._name(self._disputed)}, without a line")

    def _let_the_crm_change_a_phone(self) -> None:
        assert self._disputed is not None
        now = self._event("core-1", self._disputed.id, {"phone": "19600000000"})
        done = apply_events(self._house.engine, self._house.store, [now, now])
        again = f"the same event again changes nothing ({done.repeated} repeated)"
        self._note(f"☎ the CRM changes the phone of {self._name(self._disputed)} meanwhile; {again}")

    def _decide_requests(self) -> None:
        done = drain_outbox(self._house.engine, self._house.store)
        self._note(
            f"☎ the CRM decides proposals: {done.accepted} accepted, {done.conflict} in conflict, {done.held} still "
            f"with a supervisor, {done.rejected} rejected"
        )

    def _move_a_customer(self) -> None:
        """The CRM gives one customer to another branch; what they hold goes along, without any purge order."""
        giver, taker = self._fields["F350601-1"], self._fields["F350801-1"]
        customer = giver.next_customer()
        moved = self._event("core-2", customer.id, {"host_org": "350801", "host_portfolio": "P350801-1"})
        done = apply_events(self._house.engine, self._house.store, [moved])
        self._note(
            f"☎ the CRM moves {self._name(customer)} and {done.moved_holdings} holdings from {giver.worker.name} "
            f"to {taker.worker.name}"
        )

    def _event(self, event_id: str, customer: str, changed: Body) -> CrmEvent:
        """Return the CRM's next revision of a customer."""
        key = Key("customer", customer)
        stored = self._house.store.read(lambda look: look.records([key]))[key]
        known = KINDS["customer"].read(stored.body)
        body = {name: value for name, value in (known | changed).items() if name not in CRM_FIELDS}
        return CrmEvent(
            source="core", event_id=f"{self._day.business_date}-{event_id}", kind="customer", id=customer,
            revision=known["crm_revision"] + 1, body=body, at=write_moment(self._house.engine.clock()),
        )  # fmt: skip

    # --- a portfolio changes hands

    def _visit_before_the_loss(self) -> None:
        field = self._fields["F350101-1"]
        customer = field.next_customer(LOST_PORTFOLIO)
        self._late_visit = field.visit(customer)
        self._note(f"{field.worker.name} visits {self._name(customer)} of {LOST_PORTFOLIO}, without a line")

    def _take_a_portfolio_away(self) -> None:
        loser, heir = self._fields["F350101-1"].worker, self._fields["F350101-2"].worker
        self._administrator.ask("DELETE", f"/admin/portfolios/{LOST_PORTFOLIO}/staff/{loser.name}")
        self._administrator.ask("PUT", f"/admin/portfolios/{LOST_PORTFOLIO}/staff", {"staff_no": heir.name})
        who = self._administrator.person.staff_no
        self._note(f"⇄ {who} takes {LOST_PORTFOLIO} from {loser.name}, who cannot hear it, and gives it to {heir.name}")

    def _edit_after_the_loss(self) -> None:
        field = self._fields["F350101-1"]
        customer = field.next_customer(LOST_PORTFOLIO)
        self._late_edit = field.correct(customer, {"phone": field.new_phone()})
        self._note(f"{field.worker.name} proposes a new phone for {self._name(customer)}, no longer theirs")

    def _learn_of_the_loss(self) -> None:
        """Hand in first, then delete: the visit is flagged, the edit is parked, the records go (P8, C7)."""
        loser = self._fields["F350101-1"].worker
        before = len(loser.tablet.find("customer"))
        self._mend(loser)
        visit, edit = (loser.tablet.outcomes().get(n) for n in (self._late_visit, self._late_edit))
        if visit is None or edit is None:
            return
        gone = before - len(loser.tablet.find("customer"))
        self._note(
            f"  the visit made before is {visit.status}, flagged {', '.join(visit.flags)}; the edit is {edit.status}"
        )
        self._note(f"  {gone} customers of {LOST_PORTFOLIO} are purged from the tablet, with a signed receipt")

    # --- a supervisor decides

    def _review(self) -> None:
        """Settle the disputed fields: the form's phone stays, the customer's becomes the one that the manager heard."""
        who = self._supervisor.person.staff_no
        for item in list_reviews(self._supervisor, is_open=True):
            body = item["body"]
            if body["must_act"] != "supervisor" or body["sort"] != "conflict":
                continue
            decision = "override" if body["subject_kind"] == "customer" else "keep"
            said = {"decision": decision, "version": item["version"], "reason": "电话核实过"}
            self._supervisor.ask("POST", f"/reviews/{item['id']}/decision", said)
            fields = ", ".join(field["field"] for field in body["fields"] if field.get("conflict"))
            values = "; ".join(
                f"{mask_value(field['mine'])} against {mask_value(field.get('theirs'))}"
                for field in body["fields"] if field["field"] == "phone"
            )  # fmt: skip
            self._note(
                f"⚖ {who} decides about {body['author']}'s {body['subject_kind']} ({fields}: {values}): {decision}"
            )

    def _note(self, text: str) -> None:
        self._scene.note(text)

    @staticmethod
    def _name(customer: View) -> str:
        return mask_name(customer.body["name"])


def list_reviews(desk: Desk, *, is_open: bool) -> list[Body]:
    """Return every review of a supervisor's area, page by page."""
    items: list[Body] = []
    after = ""
    while True:
        page = desk.get(f"/reviews?is_open={str(is_open).lower()}&limit=200" + (f"&after={after}" if after else ""))
        items += page["items"]
        if not page.get("next"):
            return items
        after = page["next"]
