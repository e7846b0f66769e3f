"""The queue machine at a branch's door, with a terminal at some counters; it works with a line and without."""

from functools import partial
from random import Random
from typing import Any

import httpx

from backend.demo.day.clock import DayClock
from backend.demo.day.counters import Called
from backend.demo.day.guests import GENERAL, SERIES, Guest
from backend.demo.day.line import Weather
from backend.demo.queue_machine import LineDown, QueueMachine
from backend.domain.tickets.rules.line import SERIES_PRIORITY, write_number

ATTEMPTS_MAX = 6
BLOCKS = dict(zip(SERIES, (12, 2, 2), strict=True))  # numbers to print with no line; few: a long hour needs more
WORDS = {
    "recalled": "recall", "serving": "serving", "finished": "finish", "skipped": "skip", "returned": "return",
    "left": "left", "transferred": "transfer",
}  # fmt: skip


class Door:
    """Prints numbers for whoever comes in, and calls for its counters."""

    def __init__(self, client: httpx.Client, key: str, install_id: str, day: DayClock, random: Random) -> None:
        self.machine = QueueMachine(client, key, day.moment, series=GENERAL)
        self.install_id, self.weather = install_id, Weather()
        self.printed_offline: list[str] = []  # and not yet called
        self._day, self._random = day, random
        self._names: dict[str, dict[str, Any]] = {}  # printed number → what names the ticket
        self.machine.refuse, self.machine.lose = self._has_no_line, self._loses_answer

    def open(self, counters: tuple[str, ...]) -> None:
        """Take a block for hours without a line, and open the counters."""
        for series, want in BLOCKS.items():
            self._try(partial(self.machine.take_block, self._day.business_date, want, series))
        for at, number in enumerate(counters, start=1):
            self.say("open", counter=number, serves=list(SERIES), teller=f"T0{at}")

    def issue(self, guest: Guest) -> str:
        """Print a number and return it as it stands on the paper."""
        told: dict[str, Any] = {"service": guest.service, "series": guest.series}
        told |= {"claim": guest.claim} if guest.claim else {}
        if self.weather.is_offline:
            letter, number = self.machine.print_number(self._day.business_date, **told)
            display = self._remember(guest.series, number, letter)
            self.printed_offline.append(display)
            return display
        answer = self.say("issue", **told)
        assert answer is not None, "the line holds, and an answer that was lost is asked for again"
        return self._remember(answer["series"], answer["number"], answer.get("overflow") or "")

    def call_next(self, counter_no: str) -> Called | None:
        """Call by the server's word; without a line, whoever took a number here since the line failed."""
        if not self.weather.is_offline:
            answer = self.say("call_next", counter=counter_no)
            is_called = answer is not None and answer["status"] == "done"
            return self._called(answer) if is_called and answer else None
        if not self.printed_offline:
            return None
        display = max(self.printed_offline, key=self._precedence)  # of equals the first
        self.printed_offline.remove(display)
        self.say("call", counter=counter_no, **self._names[display])
        return Called("", display)

    def move(self, called: Called, to: str, counter_no: str) -> bool:
        """Say what became of a call."""
        if to == "left" and called.display in self.printed_offline:
            self.printed_offline.remove(called.display)
        named = self._names.get(called.display) or {"ticket_id": called.id}
        where = {"for_series": GENERAL} if to == "transferred" else {}
        answer = self.say(WORDS[to], counter=counter_no, **where, **named)
        return answer is None or answer["status"] == "done"

    def say(self, type: str, **told: Any) -> dict[str, Any] | None:
        """Say something and return its answer; None without a line: it is handed in later."""
        message = self.machine.say(type, **told)
        self.sync()
        answered: dict[str, Any] | None = message.get("answered")
        return answered

    def sync(self) -> bool:
        """Hand in all that was not answered; return whether it went through."""
        is_through = not self.weather.is_offline and self._try(self.machine.sync)
        if is_through:
            self.printed_offline.clear()  # the server knows them now, and so does whoever calls by it
        return is_through

    def repeat(self, n: int) -> tuple[dict[str, Any], dict[str, Any]]:
        """Say message `n` a second time; return the first answer and the second."""
        first = dict(self.machine.journal[n - 1]["answered"])
        self.machine.acked = n - 1
        self.sync()
        return first, self.machine.journal[n - 1]["answered"]

    def ticket_id(self, display: str) -> str:
        """Return the id of a ticket that the server knows."""
        return str(next(one["ticket_id"] for one in self._answers("issue") if one["display"] == display))

    def numbers(self) -> list[tuple[str, str, int]]:
        """Return (series, letter, number) of all that was printed."""
        return [(one["series"], one.get("overflow") or "", one["number"]) for one in self._answers("issue")]

    def own_numbers(self) -> int:
        """Return how many were printed from the machine's own blocks."""
        issues = [message for message in self.machine.journal if message["type"] == "issue"]
        return sum("number" in message and "overflow" not in message for message in issues)

    def _answers(self, type: str) -> list[dict[str, Any]]:
        said = (message for message in self.machine.journal if message["type"] == type)
        return [message["answered"] for message in said if message.get("answered", {}).get("number")]

    def _precedence(self, display: str) -> int:
        return SERIES_PRIORITY.get(self._names[display]["series"], 0)

    def _called(self, answer: dict[str, Any]) -> Called:
        self._remember(answer["series"], answer["number"], answer.get("overflow") or "")
        return Called(answer["ticket_id"], answer["display"])

    def _remember(self, series: str, number: int, letter: str) -> str:
        display = write_number(series, number, letter or None)
        named: dict[str, Any] = {"series": series, "number": number, "business_date": self._day.business_date}
        self._names[display] = named | ({"overflow": letter} if letter else {})
        return display

    def _try(self, ask: Any) -> bool:
        for _ in range(ATTEMPTS_MAX):
            try:
                ask()
            except LineDown:
                continue
            return True
        return False

    def _has_no_line(self) -> bool:
        self.weather.refused_offline += self.weather.is_offline
        return self.weather.is_offline

    def _loses_answer(self) -> bool:
        self.weather.requests += 1
        is_lost = self._random.random() < self.weather.answers_lost_share
        self.weather.answers_lost += is_lost
        return is_lost
