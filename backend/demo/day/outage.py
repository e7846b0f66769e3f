"""An hour in which a whole branch has no line, and half an hour in which a queue machine has none."""

from collections import Counter

from backend.demo.day.branch import Branch
from backend.demo.day.crew import settle
from backend.demo.day.door import Door
from backend.demo.day.guests import Guest
from backend.demo.day.lobby import Lobby, display_of
from backend.demo.day.scene import Happening, Scene, at
from backend.domain.tickets.rules.line import AT_COUNTER, IN_LINE
from contracts.base import Body

DARK = "350101"
MACHINE_AT = "350102"
FIRST_COUNTER, SECOND_COUNTER = "7", "8"  # desks of the dark branch that call nobody by themselves


class Outage:
    """Lines that fail for more than one tablet."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._since = ""
        self._before: Counter[str] = Counter()
        self._wanted = ""
        self._from_n = 0

    def script(self) -> list[Happening]:
        """Return (minute of the day, what happens)."""
        return [
            (at(10, 0), self._go_dark),
            (at(10, 10), self._call_one_customer_twice),
            (at(11, 0), self._come_back),
            (at(14, 20), self._lose_the_machine),
            (at(14, 50), self._mend_the_machine),
            (at(15, 10), self._say_it_twice),
        ]

    @property
    def _branch(self) -> Branch:
        return self._scene.branches[DARK]

    @property
    def _door(self) -> Door:
        door = self._branch.door
        assert door is not None
        return door

    # --- a whole branch

    def _go_dark(self) -> None:
        branch, (one, two) = self._branch, self._branch.lobbies
        _, self._wanted = branch.welcome(Guest(minute=self._scene.day.minute, service="loan", service_min=3), one)
        settle(one.worker)
        settle(two.worker)
        self._door.sync()
        self._since, self._before = self._scene.day.moment(), self._numbers()
        self._scene.note(f"✂ {DARK} has no line any more: both tablets and the queue machine work on by themselves")
        self._show(self._since)
        branch.is_dark = True
        self._door.weather.is_offline = True
        for lobby in branch.lobbies:
            lobby.lose_line(is_all=True)

    def _call_one_customer_twice(self) -> None:
        """Both saw the number before the line failed, and both call it."""
        for lobby, counter in zip(self._branch.lobbies, (FIRST_COUNTER, SECOND_COUNTER), strict=True):
            if self._view(lobby)["state"] in IN_LINE:
                called = lobby.call(self._wanted, counter)
                self._branch.waiting.discard(called.display)
            view = self._view(lobby)
            number, counter = display_of(view), view["counter"]
            self._scene.note(
                f"⚔ {lobby.worker.name} calls {number} to counter {counter}, and cannot see the other call"
            )

    def _come_back(self) -> None:
        branch, (one, two) = self._branch, self._branch.lobbies
        self._scene.note(f"  {DARK} after an hour apart, before the line is back:")
        self._show(self._since)
        branch.is_dark = False
        numbers = self._numbers()
        numbers.subtract(self._before)
        owed = {lobby.worker.name: lobby.worker.tablet.unsent_count() for lobby in (two, one)}
        said = len(self._door.machine.journal) - self._door.machine.acked
        self._door.weather.is_offline = False
        for lobby in (two, one):
            lobby.worker.weather.is_offline = False
            settle(lobby.worker)
        self._door.sync()
        settle(one.worker)
        settle(two.worker)
        told = ", ".join(f"{name} {count} mutations" for name, count in owed.items())
        self._scene.note(f"⚡ {DARK} has a line again: {told}, the machine {said} messages")
        given = ", ".join(f"{count} {place}" for place, count in numbers.items())
        self._scene.note(f"  the {numbers.total()} numbers of that hour stand in one line: {given}")
        self._show(self._scene.day.moment())
        self._tell_winner()

    def _tell_winner(self) -> None:
        one = self._branch.lobbies[0]
        view = one.worker.tablet.view("ticket", self._wanted)
        assert view is not None, "the branch's tickets are on its tablets"
        calls = [step for step in view.body["steps"] if step["to"] == "called"]
        number = view.body["number"]
        self._scene.note(f"  of both calls of A{number:03d} {calls[0]['by']}'s stands, which reached the server first; "
                         "the other is told so")  # fmt: skip

    def _show(self, heard_at: str) -> None:
        """Tell how the line looks on each tablet."""
        for lobby in self._branch.lobbies:
            line = lobby.line(heard_at)
            there = sum(place.state in AT_COUNTER for place in lobby.places())
            told = next((one.text for one in line.series if one.series == "A"), "")
            live = "live" if line.is_live else f"as of {heard_at[11:16]}"
            self._scene.note(
                f"    {lobby.worker.name:<10} {line.waiting:3d} wait · {there:2d} at counters · a newcomer is told "
                f"{told} · {live}"
            )

    def _numbers(self) -> Counter[str]:
        """Return how many numbers were handed out here, from where."""
        letters = [letter for lobby in self._branch.lobbies for _, letter, _ in lobby.handed_out]
        issued = [message for message in self._door.machine.journal if message["type"] == "issue"]
        return Counter(
            {
                "from the tablets' leases": letters.count(""),
                "of overflow": len(letters) - letters.count("") + sum("overflow" in message for message in issued),
                "from the machine's block": sum("overflow" not in message for message in issued),
            }
        )

    def _view(self, lobby: Lobby) -> Body:
        view = lobby.worker.tablet.view("ticket", self._wanted)
        assert view is not None, "both saw it before the line failed"
        return {"state": "waiting", **view.body}

    # --- a machine

    def _lose_the_machine(self) -> None:
        door = self._scene.branches[MACHINE_AT].door
        assert door is not None
        self._from_n = len(door.machine.journal)
        door.weather.is_offline = True
        blocks = ", ".join(
            f"{block['series']}{block['next']:03d} to {block['series']}{block['hi']:03d}"
            for block in door.machine.blocks
        )
        self._scene.note(f"✂ the queue machine of {MACHINE_AT} has no line and prints from its block, {blocks}")

    def _mend_the_machine(self) -> None:
        door = self._scene.branches[MACHINE_AT].door
        assert door is not None
        said = door.machine.journal[self._from_n :]
        issued = [message for message in said if message["type"] == "issue"]
        beyond = [message for message in issued if "overflow" in message]
        door.weather.is_offline = False
        door.sync()
        letter = f", and {len(beyond)} beyond it under {beyond[0]['overflow']}" if beyond else ""
        self._scene.note(
            f"⚡ the queue machine of {MACHINE_AT} has a line again: {len(issued) - len(beyond)} numbers from its block"
            f"{letter}; {len(said)} messages handed in"
        )

    def _say_it_twice(self) -> None:
        """A machine that was not sure says a message again."""
        door = self._scene.branches[MACHINE_AT].door
        assert door is not None
        n = max(message["n"] for message in door.machine.journal if message["type"] == "issue")
        first, second = door.repeat(n)
        told = "the same answer" if first == second else "ANOTHER ANSWER"
        self._scene.note(
            f"↻ the machine of {MACHINE_AT} says message {n} a second time and gets {told}: {second['display']}, "
            "no second number"
        )
