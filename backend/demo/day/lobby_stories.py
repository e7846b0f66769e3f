"""Who waits and what to offer them, told with a few customers: rights, reasons, families, a no, a look at a number."""

from collections.abc import Callable, Iterable, Mapping

import msgspec
from sqlalchemy import select

from backend.demo.day.crew import settle
from backend.demo.day.guests import GENERAL, VIP, Guest, Known, know
from backend.demo.day.lobby import Lobby
from backend.demo.day.scene import Happening, Scene, at, sync_until
from backend.domain.customers.rules.masking import mask_name
from backend.storage.tables import audit_entry
from contracts.base import Body
from sync.tablet.overlay import View

ROLES = {"05": "parent", "06": "child", "07": "spouse"}
RIGHTS = {"host": "is at home here", "assist": "is assisted here", "none": "belongs to another branch"}
ADVISED = frozenset({"not_assessed", "assessment_expired", "risk_too_high", "age", "elderly_care"})
SERVICE_MIN = 14  # long enough to talk about


class LobbyStories:
    """Customers who are known as they wait."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._used: set[str] = set()
        self._cards: list[tuple[Lobby, str, str]] = []  # who showed it, the card, the number
        self._host: View | None = None
        self._partner = ""

    def script(self) -> list[Happening]:
        """Return (minute of the day, what happens)."""
        return [
            (at(11, 5), self._welcome_a_host),
            (at(11, 15), self._offer),
            (at(11, 20), self._look_at_a_number),
            (at(11, 35), self._hear_a_no),
            (at(11, 45), self._welcome_a_stranger),
            (at(11, 55), self._talk_to_the_family),
            (at(12, 5), self._leave_a_household_alone),
            (at(12, 15), self._heed_a_refusal),
            (at(12, 50), self._let_the_cards_go),
        ]

    def _welcome_a_host(self) -> None:
        lobby = self._scene.lobbies["L350101-1"]
        person = self._pick(lambda one: one.body["host_org"] == lobby.branch and self._is_offered_something(one))
        if person is not None:
            self._host = self._welcome(lobby, person, person.swipe, "a card is swiped at the machine", at_machine=True)

    def _offer(self) -> None:
        lobby, card = self._scene.lobbies["L350101-1"], self._host
        if card is None:
            return
        best = card.body["suggestions"][0]
        worker = lobby.worker
        told = f"{self._product(lobby, best)} ({best['score']:g} points: {'；'.join(best['reasons'])})"
        self._scene.note(f"  {worker.name} offers {told}")
        barred = min(card.body.get("suppressed") or (), key=self._is_plain, default=None)
        if barred is not None:
            self._scene.note(f"  and not {self._product(lobby, barred)}: {'；'.join(barred['reasons'])}")
        first = lobby.talks.note(card, "approached")
        second = lobby.talks.note(card, "recommended", product_id=best["product_id"], follows=first)
        lobby.talks.note(card, "reserved", product_id=best["product_id"], follows=second)
        settle(worker)
        heir = self._find(card.body["customer_id"]).body["host_portfolio"]
        self._scene.note(f"  the customer reserves it: a task for whoever answers for {heir}, due in three days")

    def _look_at_a_number(self) -> None:
        lobby, card = self._scene.lobbies["L350101-1"], self._host
        if card is None:
            return
        said: Body = {
            "subject_kind": "card", "subject_id": card.id, "field": "contact.phone", "reason": "核对联系电话",
            "shown_at": self._scene.day.moment(),
        }  # fmt: skip
        lobby.worker.tablet.create("reveal", said)
        settle(lobby.worker)
        entry = self._audited(lobby, card.id)
        self._scene.note(
            f"◎ {lobby.worker.name} taps the masked phone; the audit says {entry['actor']}, {entry['action']}, "
            f"{entry['detail']['kind']}.{entry['detail']['field']}, and not what it was"
        )

    def _hear_a_no(self) -> None:
        """A customer wants no marketing any more: that holds at once, before the CRM has said so (PIPL 24)."""
        lobby = self._scene.lobbies["L350101-2"]
        person = self._pick(lambda one: one.body["host_org"] == lobby.branch and self._is_offered_something(one))
        if person is None:
            return
        card = self._welcome(lobby, person, person.identity_card, "an identity card is read")
        lobby.talks.note(card, "refused", follows=lobby.talks.note(card, "approached"), is_opt_out=True)
        ticket = card.body["ticket_id"]

        def look() -> View | None:
            found = lobby.card_of(ticket)
            return found if found is not None and self._is_barred(found, "opted_out") else None

        silenced = sync_until(lobby.worker, look)
        before, after = (len(one.body.get("suggestions") or ()) for one in (card, silenced))
        self._scene.note(
            f"  wants no marketing any more: of {before} offers {after} are left at once, and the CRM is asked to agree"
        )

    def _welcome_a_stranger(self) -> None:
        """Somebody of another branch: that they are a customer shows, and what they hold does not (001-11)."""
        lobby = self._scene.lobbies["L350102-1"]
        person = self._pick(
            lambda one: lobby.branch not in (one.body["host_org"], one.body.get("assist_org")) and self._held(one) > 1
        )
        if person is None:
            return
        card = self._welcome(lobby, person, person.identity_card, "an identity card is read")
        held, shown = self._held(person), len(card.body.get("holdings") or ())
        self._scene.note(
            f"  of {held} holdings {shown} are shown here (001-11), and nothing may be told to rest on them"
        )

    def _talk_to_the_family(self) -> None:
        """One of a couple is spoken to twice, over two channels: that is enough for their household."""
        field = self._scene.fields["F350601-1"]
        spouses = {one["customer_id"]: one["related_id"] for one in self._ties("07")}
        there = [view for view in field.worker.tablet.find("customer") if self._suits_family(view, spouses)]
        if not there:
            return
        spoken, self._partner = there[0].id, spouses[there[0].id]
        for channel in ("phone", "sms"):
            said: Body = {
                "org_id": "350601", "customer_id": spoken, "channel": channel, "stage": "recommended",
                "happened_at": self._scene.day.moment(),
            }  # fmt: skip
            field.worker.tablet.append("contact", said)
        settle(field.worker)
        name = mask_name(self._find(spoken).body["name"])
        self._scene.note(
            f"F350601-1 speaks to {name} by phone and by message: two talks in a week are all that is allowed"
        )

    def _suits_family(self, view: View, spouses: Mapping[str, str]) -> bool:
        if view.id not in spouses or self._is_refusing(view.body):
            return False
        partner = self._find(spouses[view.id]).body
        return partner["host_org"] == "350601" and not self._is_refusing(partner)

    def _leave_a_household_alone(self) -> None:
        if not self._partner:
            return
        lobby, person = self._scene.lobbies["L350601-1"], self._find(self._partner)
        card = self._welcome(
            lobby, person, person.word, "says name and phone", until=lambda one: self._is_barred(one, "household_cap")
        )
        self._scene.note(f"  nothing is offered: {self._reason(card, 'household_cap')}")

    def _heed_a_refusal(self) -> None:
        lobby = self._scene.lobbies["L350102-2"]
        person = self._pick(
            lambda one: one.body["host_org"] == lobby.branch and bool(one.body.get("is_marketing_refused"))
        )
        if person is None:
            return
        card = self._welcome(lobby, person, person.swipe, "a card is swiped at the machine", at_machine=True)
        count = len(card.body.get("suppressed") or ())
        self._scene.note(f"  nothing is offered, of {count} products none: {self._reason(card, 'opted_out')}")

    def _let_the_cards_go(self) -> None:
        """When a ticket ends, its customer's card leaves every tablet of the branch."""
        gone = 0
        for lobby, card, _ in self._cards:
            settle(lobby.worker)
            gone += lobby.worker.tablet.view("card", card) is None
        numbers = ", ".join(f"{lobby.branch} {display}" for lobby, _, display in self._cards)
        self._scene.note(
            f"the tickets of {numbers} have ended: {gone} of {len(self._cards)} cards have left the tablets"
        )

    # --- telling

    def _welcome(
        self, lobby: Lobby, person: Known, claim: Body, how: str, *, at_machine: bool = False,
        until: Callable[[View], bool] = lambda _: True,
    ) -> View:  # fmt: skip
        """Let somebody come who says who they are, and tell what their card shows."""
        self._used.add(person.id)
        guest = Guest(
            minute=self._scene.day.minute, is_at_machine=at_machine, claim=claim, service_min=SERVICE_MIN,
            series=VIP if person.is_vip else GENERAL,
        )  # fmt: skip
        display, id = self._scene.branches[lobby.branch].welcome(guest, lobby)

        def look() -> View | None:
            card = lobby.card_of(id)
            return card if card is not None and until(card) else None

        card = sync_until(lobby.worker, look)
        lobby.talks.ignore(card.id)
        self._cards.append((lobby, card.id, display))
        body = card.body
        self._scene.note(
            f"☺ {lobby.branch} {display}: {how}; {mask_name(body['name'])}, {body['level']}, {RIGHTS[body['right']]}"
        )
        if known := self._known(body):
            self._scene.note(f"  the card shows {known}")
        return card

    @staticmethod
    def _known(body: Body) -> str:
        parts = [
            f"{len(found)} {name}{'s' * (len(found) > 1)}" for name in ("holding", "reminder", "label")
            if (found := body.get(f"{name}s"))
        ]  # fmt: skip
        parts += [
            f"{ROLES[one['role']]} {one['name']} holds {', '.join(one.get('families') or ['nothing'])}"
            for one in body.get("household") or () if one["role"] in ROLES
        ][:1]  # fmt: skip
        return f"{', '.join(parts)}; data as of {body['as_of'][:10]}" if parts else ""

    @staticmethod
    def _product(lobby: Lobby, offer: Body) -> str:
        view = lobby.worker.tablet.view("product", offer["product_id"])
        return str(view.body["name"]) if view is not None else "?"

    @staticmethod
    def _is_plain(offer: Body) -> bool:
        """Say whether the reason is that it is held, or not marketed at all; others tell more."""
        return ADVISED.isdisjoint(offer["barred_by"])

    @staticmethod
    def _is_barred(card: View, code: str) -> bool:
        return any(code in one["barred_by"] for one in card.body.get("suppressed") or ())

    @staticmethod
    def _reason(card: View, code: str) -> str:
        for one in card.body.get("suppressed") or ():
            if code in one["barred_by"]:
                return str(one["reasons"][one["barred_by"].index(code)])
        return "?"

    def _audited(self, lobby: Lobby, card_id: str) -> Body:
        where = audit_entry.c.stream == f"org:{lobby.branch}", audit_entry.c.subject == card_id
        with self._scene.house.store.engine.connect() as connection:
            row = connection.execute(select(audit_entry).where(*where)).mappings().one()
        detail = row["detail"]
        read = msgspec.json.decode(detail) if isinstance(detail, str | bytes) else detail
        return {"actor": row["actor"], "action": row["action"], "detail": read}

    # --- choosing

    def _pick(self, suits: Callable[[Known], bool]) -> Known | None:
        """Return somebody who suits a story; a small bank may have nobody, and then it is not told."""
        people = (know(self._scene.bank, put) for put in self._scene.bank.customers)
        return next((one for one in people if one.id not in self._used and suits(one)), None)

    def _find(self, id: str) -> Known:
        return next(know(self._scene.bank, put) for put in self._scene.bank.customers if put.id == id)

    def _held(self, person: Known) -> int:
        bodies: Iterable[Mapping[str, object]] = (put.body or {} for put in self._scene.bank.holdings)
        return sum(body["customer_id"] == person.id for body in bodies)

    def _ties(self, role: str) -> list[Body]:
        return [put.body for put in self._scene.bank.relations if put.body is not None and put.body["role"] == role]

    def _is_offered_something(self, person: Known) -> bool:
        reminded = any((put.body or {})["customer_id"] == person.id for put in self._scene.bank.reminders)
        return reminded and bool(person.body.get("labels")) and not self._is_refusing(person.body)

    @staticmethod
    def _is_refusing(body: Body) -> bool:
        return bool(body.get("is_marketing_refused")) or bool(body.get("care"))
