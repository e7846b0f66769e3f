"""Forms that are ready before the counter: prefilled from the card, completed, bound to the ticket, loaded there."""

from random import Random
from typing import Any

import msgspec

from backend.demo.customers import PHONE_PREFIX
from backend.demo.day.agenda import Agenda
from backend.demo.day.clock import DayClock
from backend.demo.day.crew import Worker
from backend.demo.filling import fill_form
from backend.demo.people import draw_name
from backend.demo.teller_system import TellerSystem
from backend.domain.forms.rules.filling import as_patch, prefill
from contracts.base import Body
from contracts.kinds.card import Card
from contracts.kinds.catalog import FormTemplate
from sync.tablet.overlay import View

CORRECTED_SHARE = 0.15
CHANGED_SHARE, REJECTED_SHARE = 0.15, 0.07
REJECTIONS = ("证件已过有效期", "客户改日再办", "材料与申请不符")
OPEN = frozenset({"draft", "complete", "confirmed", "bound"})


class Paperwork:
    """The forms that one lobby manager fills, and what the counter makes of them."""

    def __init__(self, worker: Worker, day: DayClock, agenda: Agenda, templates: list[str], teller: TellerSystem):
        self._worker, self._day, self._agenda, self._templates = worker, day, agenda, templates
        self._teller = teller
        self._random: Random = worker.random
        self.forms: dict[str, str] = {}  # ticket → form
        self.filled = self.prefilled = self.by_hand = 0

    def begin(self, card: View | None = None, **fields: Any) -> str:
        """Begin a form for whoever waits, with what their card tells; return its id."""
        tablet = self._worker.tablet
        template_id = fields.pop("template_id", None) or self._random.choice(self._templates)
        said: Body = {"branch_id": self._worker.person.org_id, "template_id": template_id, **fields}
        filled = prefill(self.template(template_id), msgspec.convert(card.body, Card), self._today) if card else {}
        if card is not None and card.body["right"] != "none":
            said |= {"customer_id": card.body["customer_id"], "name": card.body["name"]}
        said.setdefault("name", draw_name(self._random, self._random.choice("FM")))
        id = tablet.create("form", said).id
        if filled:
            tablet.patch("form", id, as_patch(filled))
        self.filled, self.prefilled = self.filled + 1, self.prefilled + bool(filled)
        return id

    def help(self, ticket_id: str, card: View | None) -> None:
        """Fill a form with somebody who waits: three minutes until it is ready."""
        id = self.forms[ticket_id] = self.begin(card)
        self._agenda.after(1, lambda: self._if_open(id, self.answer))
        self._agenda.after(3, lambda: self._if_open(id, lambda _: self.confirm(id, ticket_id)))

    def answer(self, id: str) -> None:
        """Let the customer answer what lacks, and correct what is not true any more."""
        body = self._body(id)
        values = body.get("values", {})
        said = fill_form(self._random, self.template(body["template_id"]), values, self._today)
        if "phone" in values and self._random.random() < CORRECTED_SHARE:
            said["values.phone"] = new_phone(self._random)
        if said:
            self._worker.tablet.patch("form", id, said)
        self.move(id, "complete", {})

    def confirm(self, id: str, ticket_id: str) -> None:
        """Have the customer confirm what stands there, and tie the form to their number."""
        self.move(id, "confirmed", {"confirmed_at": self._day.moment()})
        self.move(id, "bound", {"ticket_id": ticket_id})

    def serve(self, ticket_id: str, minutes: int, teller: str) -> None:
        """Take the form of whoever sits down at a counter; one that is not ready is of no use any more."""
        id = self.forms.get(ticket_id)
        if id is None or self._body(id).get("state") not in OPEN:
            return
        if self._body(id)["state"] != "bound":
            self.move(id, "cancelled", {})
            return
        if self._worker.weather.is_offline or not self._load(id, teller, minutes):
            self._type_by_hand(id, teller, minutes)

    def move(self, id: str, to: str, facts: Body) -> None:
        """Say what became of a form."""
        self._worker.tablet.transition("form", id, to, facts)

    def template(self, id: str) -> FormTemplate:
        """Return a template of the catalog."""
        view = self._worker.tablet.view("form_template", id)
        assert view is not None, "every tablet has the catalog"
        return msgspec.convert(view.body, FormTemplate)

    def _load(self, id: str, teller: str, minutes: int) -> bool:
        """Load the form at the counter by its pick-up code, and tell what became of it when the customer leaves."""
        self._worker.sync()
        code = self._body(id).get("pick_up_code")
        loaded = self._teller.load(code, teller=teller, branch_id=self._worker.person.org_id) if code else None
        if loaded is None or loaded.status_code != 200:
            return False
        fields = {field["key"]: field.get("value") for field in loaded.json()["fields"]}
        self._agenda.after(minutes, lambda: self._tell(id, fields))
        return True

    def _tell(self, id: str, fields: Body) -> None:
        chance = self._random.random()
        if chance < REJECTED_SHARE:
            told = self._teller.tell(id, "rejected", reason=self._random.choice(REJECTIONS))
        elif chance < REJECTED_SHARE + CHANGED_SHARE and fields.get("phone"):
            signed = {"signed_at": self._day.moment()}
            values = {"phone": new_phone(self._random)}
            told = self._teller.tell(id, "changed", values=values, resignature=signed)
        else:
            told = self._teller.tell(id, "accepted")
        assert told.status_code == 200, told.text

    def _type_by_hand(self, id: str, teller: str, minutes: int) -> None:
        """Without the line of the teller system the teller reads from the tablet."""
        self.by_hand += 1
        self.move(id, "loaded", {"teller": teller})
        self._agenda.after(minutes, lambda: self.move(id, "accepted", {}))

    def _if_open(self, id: str, do: Any) -> None:
        if self._body(id).get("state") in OPEN:
            do(id)

    def _body(self, id: str) -> Body:
        view = self._worker.tablet.view("form", id)
        return {"state": "draft", **view.body} if view is not None else {}

    @property
    def _today(self) -> Any:
        return self._day.midnight.date()


def new_phone(random: Random) -> str:
    """Return a phone number that no customer has."""
    return PHONE_PREFIX.replace("199", "198") + f"{random.randint(0, 9999):04d}"
