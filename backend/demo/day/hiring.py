"""Mans the branches of the day: guests, queue machines and the teller system, each with its key."""

from collections.abc import Mapping

from backend.app import House
from backend.auth.partners import PartnerSort, add_partner
from backend.demo.bank import Bank
from backend.demo.day.branch import Branch, Post
from backend.demo.day.clock import DayClock
from backend.demo.day.crew import ADMINISTRATOR, Recruiter
from backend.demo.day.door import Door
from backend.demo.day.guests import Guests
from backend.demo.day.lobby import Lobby
from backend.demo.day.size import Size
from backend.demo.places import UNION
from backend.demo.teller_system import TellerSystem

ANSWERS_LOST_SHARE = 0.05


class Hiring:
    """Whoever adds partners and lets guests in."""

    def __init__(self, house: House, bank: Bank, recruiter: Recruiter, day: DayClock, size: Size) -> None:
        self._house, self._bank, self._recruiter, self._day, self._size = house, bank, recruiter, day, size

    def teller(self) -> TellerSystem:
        """Return the bank's teller system, with its key."""
        added = add_partner(self._house.auth, PartnerSort.TELLER, UNION.org_id, "Teller system", ADMINISTRATOR)
        return TellerSystem(self._recruiter.client(), added.key)

    def branch(self, post: Post, lobbies: Mapping[str, Lobby]) -> Branch:
        """Return a branch with its people, and with those who will come."""
        random = self._recruiter.random(f"branch {post.org_id}")
        guests = Guests(self._bank, post.org_id, random)
        coming = guests.draw(
            round(self._size.tickets * post.share), post.machine_share, round(self._size.forms * post.share)
        )  # fmt: skip
        door = self._door(post) if post.machine_share else None
        return Branch(post, [lobbies[name] for name in post.tablets], door, coming, self._day, random)

    def _door(self, post: Post) -> Door:
        added = add_partner(self._house.auth, PartnerSort.MACHINE, post.org_id, "At the door", ADMINISTRATOR)
        assert added.partner.install_id is not None
        random = self._recruiter.random(f"machine {post.org_id}")
        door = Door(self._recruiter.client(), added.key, added.partner.install_id, self._day, random)
        door.weather.answers_lost_share = ANSWERS_LOST_SHARE
        return door
