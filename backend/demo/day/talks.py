"""What a lobby manager makes of a card: approaches whoever waits, offers what suits, and notes what they say."""

from collections import Counter
from collections.abc import Callable
from random import Random

import msgspec

from backend.demo.day.agenda import Agenda
from backend.demo.day.clock import DayClock
from backend.demo.day.crew import Worker
from backend.domain.marketing.rules.score import heed_wait
from contracts.base import Body
from contracts.kinds.card import Suggestion
from sync.tablet.overlay import View

APPROACHED_SHARE = 0.7
ANSWERS = (("interested", 0.35), ("reserved", 0.15), ("refused", 0.3))  # the rest says nothing that is noted


class Talks:
    """One lobby manager's talks with those who wait."""

    def __init__(self, worker: Worker, day: DayClock, agenda: Agenda, wait_min: Callable[[str], int | None]) -> None:
        """`wait_min` says how many minutes whoever has a ticket still waits at least."""
        self._worker, self._day, self._agenda = worker, day, agenda
        self._random: Random = worker.random
        self._wait_min = wait_min
        self._seen: set[str] = set()
        self.stages: Counter[str] = Counter()
        self.silent: Counter[str] = Counter()  # why nothing was offered

    def look(self, mine: set[str]) -> None:
        """Look at the cards that came; `mine` are the tickets whose customers this manager takes care of."""
        for view in sorted(self._worker.tablet.find("card"), key=lambda view: str(view.body["customer_id"])):
            if view.id not in self._seen and view.body["ticket_id"] in mine:
                self._seen.add(view.id)
                if self._random.random() < APPROACHED_SHARE:
                    self._agenda.after(1, lambda view=view: self._approach(view.id))  # type: ignore[misc]  # bound now

    def ignore(self, card: str) -> None:
        """Leave a card to a story."""
        self._seen.add(card)

    def note(self, card: View, stage: str, **fields: object) -> str:
        """Note what came of a talk, signed as all evidence is; return the contact's id."""
        said: Body = {
            "org_id": self._worker.person.org_id, "ticket_id": card.body["ticket_id"], "channel": "lobby",
            "stage": stage, "happened_at": self._day.moment(), **fields,
        }  # fmt: skip
        self.stages[stage] += 1
        return self._worker.tablet.append("contact", said).id

    def _approach(self, id: str) -> None:
        card = self._worker.tablet.view("card", id)
        if card is None:  # gone to the counter, and on
            return
        offers = self._offers(card)
        if not offers:
            barred = [one for offer in card.body.get("suppressed") or [] for one in offer.get("barred_by", ())]
            self.silent[Counter(barred).most_common(1)[0][0] if barred else "nothing"] += 1
            return
        first = self.note(card, "approached")
        follows = self.note(card, "recommended", product_id=offers[0].product_id, follows=first)
        self._agenda.after(2, lambda: self._hear(card, offers[0].product_id, follows))

    def _offers(self, card: View) -> list[Suggestion]:
        """Return what to offer, the best for the time that is left first."""
        told = msgspec.convert(card.body.get("suggestions") or [], list[Suggestion])
        return heed_wait(told, self._wait_min(card.body["ticket_id"]))

    def _hear(self, card: View, product_id: str, follows: str) -> None:
        chance = self._random.random()
        for stage, share in ANSWERS:
            if chance < share:
                self.note(card, stage, product_id=product_id, follows=follows)
                return
            chance -= share
