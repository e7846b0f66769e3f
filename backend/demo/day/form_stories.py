"""A form's way through the day: prefilled, completed, carried to the counter by a code, changed there or refused."""

from backend.demo.day.crew import settle
from backend.demo.day.guests import Guest, Known, know
from backend.demo.day.lobby import Lobby
from backend.demo.day.paperwork import new_phone
from backend.demo.day.scene import Happening, Scene, at, sync_until
from backend.demo.day.tale import mask_value
from backend.demo.filling import fill_form
from backend.demo.teller_system import TellerSystem
from backend.domain.customers.rules.masking import mask_name
from backend.domain.forms.rules.checking import missing_papers
from contracts.base import Body
from sync.tablet.errors import SecretTyped
from sync.tablet.overlay import View

TELLER = "T03"
SERVICE_MIN = 45
CHANGE = "customer_change"


class FormStories:
    """Two forms that are followed to their end."""

    def __init__(self, scene: Scene, teller: TellerSystem) -> None:
        self._scene, self._teller = scene, teller
        self._form = self._ticket = ""

    def script(self) -> list[Happening]:
        """Return (minute of the day, what happens)."""
        return [
            (at(13, 0), self._prefill),
            (at(13, 5), self._bring_papers),
            (at(13, 15), self._load_by_code),
            (at(13, 20), self._change_and_sign_again),
            (at(13, 25), self._reject),
        ]

    @property
    def _lobby(self) -> Lobby:
        return self._scene.lobbies["L350102-1"]

    def _prefill(self) -> None:
        """A form is filled from the card; what the customer says otherwise is kept beside what the bank believed."""
        lobby, person = self._lobby, self._customer(0)
        guest = Guest(
            minute=self._scene.day.minute, claim=person.identity_card, service_min=SERVICE_MIN, service="general"
        )  # fmt: skip
        display, self._ticket = self._scene.branches[lobby.branch].welcome(guest, lobby)
        card = sync_until(lobby.worker, lambda: lobby.card_of(self._ticket))
        lobby.talks.ignore(card.id)
        self._form = lobby.paperwork.begin(card, template_id=self._template(CHANGE))
        body = self._body(self._form)
        count = len(body.get("sources") or {})
        self._scene.note(
            f"✎ {display}: a form for {mask_name(person.body['name'])}, {count} fields prefilled, each with its source "
            f"and age ({next(iter(body['sources'].values()))['as_of'][:10]})"
        )
        phone = new_phone(lobby.random)
        lobby.worker.tablet.patch("form", self._form, {"values.phone": phone})
        self._scene.note(f"  the phone is {mask_value(phone)} now; the customer's word stands beside the CRM's")
        self._refuse_a_secret(lobby)

    def _refuse_a_secret(self, lobby: Lobby) -> None:
        try:
            lobby.worker.tablet.patch("form", self._form, {"values.password": "123456"})
        except SecretTyped as refused:
            self._scene.note(f"  a password is refused at the keyboard: {refused}")

    def _bring_papers(self) -> None:
        lobby, body = self._lobby, self._body(self._form)
        template = lobby.paperwork.template(body["template_id"])
        missing = missing_papers(template, body.get("values", {}), body.get("papers", {}))
        answers = fill_form(lobby.random, template, body.get("values", {}), self._scene.day.midnight.date())
        names = "、".join(paper.name for paper in missing) or "nothing"
        self._scene.note(f"  what lacks is named: {names}; it is brought, and the customer confirms")
        lobby.worker.tablet.patch("form", self._form, answers)
        lobby.paperwork.move(self._form, "complete", {})
        lobby.paperwork.confirm(self._form, self._ticket)
        settle(lobby.worker)

    def _load_by_code(self) -> None:
        lobby = self._lobby
        code = sync_until(lobby.worker, lambda: self._body(self._form).get("pick_up_code") or None)
        wrong = self._teller.load("33333333", teller=TELLER, branch_id=lobby.branch)
        loaded = self._teller.load(code, teller=TELLER, branch_id=lobby.branch)
        again = self._teller.again()
        twice = self._teller.load(code, teller=TELLER, branch_id=lobby.branch)
        fields = len(loaded.json()["fields"])
        self._scene.note(
            f"▣ the teller system loads it by its pick-up code: {fields} fields; asked again "
            f"{'the same' if again.json() == loaded.json() else 'another'} answer"
        )
        self._scene.note(f"  a wrong code: {wrong.json()['code']}; the right one a second time: {twice.json()['code']}")

    def _change_and_sign_again(self) -> None:
        """The teller changes what was signed; it is signed again, and becomes a proposal to the CRM."""
        values, signed = {"phone": new_phone(self._lobby.random)}, {"signed_at": self._scene.day.moment()}
        unsigned = self._teller.tell(self._form, "changed", values=values)
        told = self._teller.tell(self._form, "changed", values=values, resignature=signed).json()
        self._scene.note(
            f"▣ the teller changes {', '.join(told['changed'])}: without a signature {unsigned.json()['code']}, signed "
            f"again it is {told['state']}"
        )
        proposed = sync_until(self._lobby.worker, self._proposal)
        self._scene.note(
            f"  what is new to the CRM becomes a proposal: {', '.join(sorted(proposed))}; the phone is the teller's "
            f"{mask_value(proposed['phone'])}"
        )

    def _reject(self) -> None:
        lobby, person = self._lobby, self._customer(1)
        guest = Guest(minute=self._scene.day.minute, claim=person.word, service_min=SERVICE_MIN)
        display, ticket = self._scene.branches[lobby.branch].welcome(guest, lobby)
        card = sync_until(lobby.worker, lambda: lobby.card_of(ticket))
        lobby.talks.ignore(card.id)
        form = lobby.paperwork.begin(card, template_id=self._template(CHANGE))
        lobby.paperwork.answer(form)
        lobby.paperwork.confirm(form, ticket)
        settle(lobby.worker)
        loaded = self._teller.load(ticket=self._name_of(ticket), teller=TELLER, branch_id=lobby.branch)
        assert loaded.status_code == 200, loaded.text
        told = self._teller.tell(form, "rejected", reason="证件已过有效期", teller=TELLER)
        assert told.status_code == 200, told.text
        body = sync_until(lobby.worker, lambda: self._ended(form))
        self._scene.note(
            f"▣ {display}'s form is loaded by the number and {body['state']}; {lobby.worker.name} reads why: "
            f"{body['reject_reason']}"
        )

    # --- looking

    def _name_of(self, ticket: str) -> Body:
        """Return what the paper says, as the teller types it."""
        view = self._lobby.worker.tablet.view("ticket", ticket)
        assert view is not None, "who hands out a number has the ticket"
        overflow = {"overflow": view.body["overflow"]} if view.body.get("overflow") else {}
        named = {name: view.body[name] for name in ("series", "number")}
        return {**named, **overflow, "date": self._scene.day.business_date}

    def _ended(self, form: str) -> Body | None:
        body = self._body(form)
        return body if body.get("state") == "rejected" else None

    def _proposal(self) -> Body | None:
        """Return what the form's customer proposed, as the manager's tablet shows it."""
        customer = self._body(self._form).get("customer_id")
        found = (
            view.body["proposed"] for view in self._lobby.worker.tablet.find("request")
            if view.body["subject_id"] == customer and "phone" in view.body["proposed"]
        )  # fmt: skip
        return next(found, None)

    def _body(self, form: str) -> Body:
        view: View | None = self._lobby.worker.tablet.view("form", form)
        return view.body if view is not None else {}

    def _template(self, code: str) -> str:
        views = self._lobby.worker.tablet.find("form_template")
        return next(view.id for view in views if view.body["code"] == code)

    def _customer(self, at_place: int) -> Known:
        people = (know(self._scene.bank, put) for put in reversed(self._scene.bank.customers))
        own = [one for one in people if one.body["host_org"] == self._lobby.branch]
        return own[at_place]
