"""Who comes to a branch on the day: when, with what errand, who they are, and what they will do there."""

from collections.abc import Sequence
from random import Random

from msgspec import Struct

from backend.demo.bank import Bank
from backend.demo.day.clock import CLOSES_MIN, OPENS_MIN
from contracts.base import Body
from sync.puts import Put

GENERAL, ELDERLY, VIP = "A", "P", "V"  # series: the elderly and disabled go first, then who is a VIP
SERIES = (GENERAL, ELDERLY, VIP)
VIP_LEVEL = "贵宾"
LAST_ARRIVAL_MIN = CLOSES_MIN - 30
RUSH = ((9 * 60, 11 * 60), (14 * 60, 16 * 60))
RUSH_SHARE = 0.62
SERVICES = ("general", "general", "cash", "loan", "card")
SERVICE_MIN = (3, 14)
ELDERLY_SHARE, LATE_SHARE, DEAF_SHARE, SENT_ON_SHARE, IMPATIENT_SHARE = 0.06, 0.05, 0.06, 0.03, 0.05
KNOWN_SHARE, HOST_SHARE, MISREAD_SHARE = 0.45, 0.85, 0.04
PATIENCE_MIN = (12, 30)
NOBODY = "99999999999"  # a customer number that the bank never gave to anybody


class Guest(Struct, kw_only=True):
    """Somebody who comes: what they want, and how they behave."""

    minute: int
    service: str = "general"
    series: str = GENERAL
    is_at_machine: bool = False  # takes the number there, otherwise from a tablet
    claim: Body = {}  # says who they are; empty for whoever nobody asked
    service_min: int = 5
    patience_min: int = CLOSES_MIN  # gives up after so long
    is_late: bool = False  # misses the first call, and comes back
    is_deaf: bool = False  # hears the second call
    is_sent_on: bool = False  # came to the wrong counter, and keeps the place in the line
    wants_form: bool = False


class Known(Struct, frozen=True, kw_only=True):
    """A customer as they know themselves: with their certificate."""

    id: str
    body: Body
    certificate: str

    @property
    def is_vip(self) -> bool:
        """Say whether the bank calls them ahead of others."""
        return bool(self.body["level"] == VIP_LEVEL)

    @property
    def swipe(self) -> Body:
        """The claim of a swiped card."""
        return {"sort": "swipe", "customer_no": self.body["customer_no"]}

    @property
    def identity_card(self) -> Body:
        """The claim of an identity card that was read."""
        return {"sort": "id_reader", "certificate_no": self.certificate}

    @property
    def word(self) -> Body:
        """The claim of a customer who says name and phone."""
        return {"sort": "phone_name", "phone_tail": self.body["phone"][-4:], "name": self.body["name"]}


class Guests:
    """Draws who comes to a branch."""

    def __init__(self, bank: Bank, branch: str, random: Random) -> None:
        people = [know(bank, put) for put in bank.customers]
        self._own = [one for one in people if one.body["host_org"] == branch]
        self._others = [one for one in people if one.body["host_org"] != branch]
        self._random = random

    def draw(self, count: int, machine_share: float, forms: int) -> list[Guest]:
        """Return so many guests in the order of their coming; so many of them want a form."""
        guests = sorted((self._one(machine_share) for _ in range(count)), key=lambda guest: guest.minute)
        for guest in self._random.sample(guests, min(forms, count)):
            guest.wants_form = True
        return guests

    def _one(self, machine_share: float) -> Guest:
        random = self._random
        is_at_machine = random.random() < machine_share
        is_elderly = random.random() < ELDERLY_SHARE
        claim, is_vip = self._claim(is_at_machine)
        return Guest(
            minute=draw_minute(random), service=random.choice(SERVICES), is_at_machine=is_at_machine,
            series=ELDERLY if is_elderly else VIP if is_vip else GENERAL, service_min=random.randint(*SERVICE_MIN),
            claim=claim, is_late=random.random() < LATE_SHARE,
            is_deaf=random.random() < DEAF_SHARE, is_sent_on=random.random() < SENT_ON_SHARE,
            patience_min=random.randint(*PATIENCE_MIN) if random.random() < IMPATIENT_SHARE else CLOSES_MIN,
        )  # fmt: skip

    def _claim(self, is_at_machine: bool) -> tuple[Body, bool]:
        """Return who somebody says they are, and whether that makes them a VIP."""
        random = self._random
        if random.random() >= KNOWN_SHARE:
            return {}, False
        if is_at_machine and random.random() < MISREAD_SHARE:
            return {"sort": "swipe", "customer_no": NOBODY}, False
        person = random.choice(self._own if random.random() < HOST_SHARE else self._others)
        claim = person.swipe if is_at_machine else random.choice((person.identity_card, person.word))
        return claim, person.is_vip


def know(bank: Bank, put: Put) -> Known:
    """Return a customer with their certificate."""
    return Known(id=put.id, body=put.body or {}, certificate=bank.certificates[put.id])


def draw_minute(random: Random) -> int:
    """Return a minute of the day at which somebody comes: most come in the two rushes."""
    spans: Sequence[tuple[int, int]] = RUSH if random.random() < RUSH_SHARE else ((OPENS_MIN, LAST_ARRIVAL_MIN),)
    return random.randint(*random.choice(spans))
