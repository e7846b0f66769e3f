"""One branch on the day: its guests, its counters, its queue machine and its lobby managers, minute by minute."""

from collections.abc import Mapping, Sequence
from random import Random

from msgspec import Struct

from backend.demo.day.agenda import Agenda
from backend.demo.day.clock import DayClock
from backend.demo.day.counters import Called, Counter
from backend.demo.day.door import Door
from backend.demo.day.guests import Guest
from backend.demo.day.lobby import Lobby, display_of

SYNC_MIN = 5
MACHINE_SHARE_DARK = 0.25  # of those who would go to the machine; without a line the managers see to the others
HELPED_AFTER_MIN = 2  # by then the card of whoever was known is there


class Post(Struct, frozen=True, kw_only=True):
    """How a branch is manned."""

    org_id: str
    share: float  # of the day's customers
    tablets: Mapping[str, tuple[str, ...]]  # lobby manager → counters that they call for
    terminal: tuple[str, ...] = ()  # counters that call by the machine's terminal
    machine_share: float = 0.0  # who take their number at the machine; 0: there is none


POSTS = (
    Post(org_id="350101", share=0.38, tablets={"L350101-1": ("1", "2"), "L350101-2": ("3", "4")}, terminal=("5",),
         machine_share=0.6),
    Post(org_id="350102", share=0.38, tablets={"L350102-1": ("1", "2"), "L350102-2": ("3",)}, terminal=("4", "5"),
         machine_share=0.6),
    Post(org_id="350601", share=0.24, tablets={"L350601-1": ("1", "2", "3")}),
)  # fmt: skip


class Branch:
    """A branch with everybody in it."""

    def __init__(
        self,
        post: Post,
        lobbies: Sequence[Lobby],
        door: Door | None,
        guests: list[Guest],
        day: DayClock,
        random: Random,
    ) -> None:
        self.org_id, self.lobbies, self.door = post.org_id, lobbies, door
        self.guests: dict[str, Guest] = {}  # by printed number, once they have one
        self.waiting: set[str] = set()
        self.is_dark = False
        self._coming, self._day, self._random = guests, day, random
        self._agenda = Agenda(day)
        self.counters = [
            self._counter(number, lobby) for lobby in lobbies for number in post.tablets[lobby.worker.name]
        ]
        self.counters += [self._counter(number, door) for number in post.terminal if door is not None]
        for at, lobby in enumerate(lobbies):
            lobby.split = at, len(lobbies)

    def open(self, post: Post) -> None:
        """Open the counters, and take numbers for hours without a line."""
        for lobby in self.lobbies:
            lobby.open(post.tablets[lobby.worker.name])
        if self.door is not None:
            self.door.open(post.terminal)

    def step(self) -> None:
        """Let a minute pass."""
        self._agenda.step()
        while self._coming and self._coming[0].minute <= self._day.minute:
            self.welcome(self._coming.pop(0))
        for counter in self.counters:
            self._bring_back(counter)
            counter.step()
        for at, lobby in enumerate(self.lobbies):
            lobby.agenda.step()
            if (self._day.minute + at) % SYNC_MIN == 0:
                lobby.worker.sync()
                lobby.talks.look(lobby.mine)
        if self.door is not None and self._day.minute % SYNC_MIN == 0:
            self.door.sync()

    def welcome(self, guest: Guest, lobby: Lobby | None = None) -> tuple[str, str]:
        """Give somebody a number; return it as it is printed, and the ticket's id, empty if only paper tells of it."""
        manager = lobby or self._random.choice(self.lobbies)
        display, id = self._give_number(guest, manager)
        self.guests[display] = guest
        self.waiting.add(display)
        self._agenda.after(guest.patience_min, lambda: self._give_up(display, id, manager))
        if id:
            manager.mine.add(id)
        if id and guest.wants_form:
            self._agenda.after(HELPED_AFTER_MIN, lambda: self._help(display, id, manager))
        return display, id

    def close(self) -> None:
        """Let whoever sits at a counter finish; who still waits is sent home, and their numbers stay open."""
        for counter in self.counters:
            counter.finish()

    def counter(self, number: str) -> Counter:
        """Return a counter by its number."""
        return next(counter for counter in self.counters if counter.number == number)

    def add_counter(self, number: str, lobby: Lobby) -> Counter:
        """Man one more counter, that calls nobody by itself."""
        self.counters.append(self._counter(number, lobby))
        self.counters[-1].is_open = False
        return self.counters[-1]

    def _give_number(self, guest: Guest, manager: Lobby) -> tuple[str, str]:
        is_led_away = self.is_dark and self._random.random() > MACHINE_SHARE_DARK
        if guest.is_at_machine and self.door is not None and not is_led_away:
            display = self.door.issue(guest)
            return display, "" if self.door.weather.is_offline else self.door.ticket_id(display)
        view = manager.issue(guest)
        return display_of(view.body), view.id

    def _counter(self, number: str, caller: Lobby | Door) -> Counter:
        return Counter(number, caller, self._day, self.guests, self.waiting, self._serve)

    def _serve(self, called: Called, counter: Counter) -> None:
        guest = self.guests.get(called.display)
        if guest is not None and guest.is_sent_on:  # the form goes to the counter where they are served
            return
        minutes = max(guest.service_min - 1, 1) if guest is not None else 1
        for lobby in self.lobbies:
            lobby.paperwork.serve(called.id, minutes, f"T0{counter.number}")

    def _help(self, display: str, id: str, manager: Lobby) -> None:
        if display in self.waiting:
            manager.worker.sync()
            manager.paperwork.help(id, manager.card_of(id))

    def _give_up(self, display: str, id: str, manager: Lobby) -> None:
        if display not in self.waiting:
            return
        view = manager.worker.tablet.view("ticket", id) if id else None
        if view is not None and view.body.get("state", "waiting") == "waiting":
            self.waiting.discard(display)
            manager.say(id, "left")
        elif self.door is not None and not id:
            self.waiting.discard(display)
            self.door.move(Called("", display), "left", self.counters[-1].number)

    def _bring_back(self, counter: Counter) -> None:
        due = [one for one in counter.returning if one[0] <= self._day.minute]
        for one in due:
            counter.returning.remove(one)
            if counter.caller.move(one[1], "returned", counter.number):
                self.waiting.add(one[1].display)
