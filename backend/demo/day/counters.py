"""A counter on the day: calls whoever is next, serves them, and goes on to the next one."""

from collections.abc import Callable, Iterator, Mapping
from typing import Protocol

from msgspec import Struct

from backend.demo.day.clock import DayClock
from backend.demo.day.guests import Guest

RETURNS_AFTER_MIN = 7
MISSED_AFTER_MIN = 3
SENT_ON_AFTER_MIN = 2


class Called(Struct, frozen=True):
    """A ticket at a counter, by its id where the caller knows it, and as it is printed."""

    id: str
    display: str


class Caller(Protocol):
    """What calls for a counter: a tablet, or the terminal of a queue machine."""

    def call_next(self, counter_no: str) -> Called | None:
        """Call whoever is next, with a line or without; None if nobody could be called."""
        ...

    def move(self, called: Called, to: str, counter_no: str) -> bool:
        """Say what became of a call; False if somebody else has the ticket."""
        ...


Step = Callable[[], bool]  # does the next thing; False: somebody else has the customer
Way = Iterator[tuple[int, Step]]  # minutes after the step before, and the step


class Counter:
    """One counter, with one customer at a time."""

    def __init__(
        self, number: str, caller: Caller, day: DayClock, guests: Mapping[str, Guest], waiting: set[str],
        serve: Callable[[Called, "Counter"], None],
    ) -> None:  # fmt: skip
        """`guests` are by printed number; `waiting` those in the hall; `serve` is told who sits down."""
        self.number, self.caller = number, caller
        self.is_open = True
        self.called: Called | None = None
        self.returning: list[tuple[int, Called]] = []  # those who missed their call, with the minute they come back
        self._day, self._guests, self._waiting, self._serve = day, guests, waiting, serve
        self._way: Way = iter(())
        self._due_min, self._step = 0, _nothing

    def step(self) -> None:
        """Go on with the customer who is here; call the next one when nobody is."""
        if self.called is not None and self._due_min <= self._day.minute:
            self._advance()
        if self.called is None and self.is_open and self._waiting:
            called = self.caller.call_next(self.number)
            if called is not None:
                self.take(called)

    def take(self, called: Called) -> None:
        """Go on with somebody who was called to this counter."""
        self._waiting.discard(called.display)
        self.called, self._way = called, self._ways(called, self._guests.get(called.display, Guest(minute=0)))
        self._await_next()

    def finish(self) -> None:
        """End what is under way, as the doors close."""
        self.is_open = False
        while self.called is not None:
            self._advance()

    def _advance(self) -> None:
        if self._step():
            self._await_next()
        else:
            self.called = None

    def _await_next(self) -> None:
        following = next(self._way, None)
        if following is None:
            self.called = None
        else:
            self._due_min, self._step = self._day.minute + following[0], following[1]

    def _ways(self, called: Called, guest: Guest) -> Way:
        if guest.is_late:
            guest.is_late = False
            yield MISSED_AFTER_MIN, lambda: self._miss(called)
            return
        if guest.is_deaf:
            yield 1, lambda: self._move(called, "recalled")
        yield 1, lambda: self._sit_down(called)
        if guest.is_sent_on:
            guest.is_sent_on = False
            yield SENT_ON_AFTER_MIN, lambda: self._send_on(called)
            return
        yield guest.service_min, lambda: self._move(called, "finished")

    def _sit_down(self, called: Called) -> bool:
        if not self._move(called, "serving"):
            return False
        self._serve(called, self)
        return True

    def _miss(self, called: Called) -> bool:
        if self._move(called, "skipped"):
            self.returning.append((self._day.minute + RETURNS_AFTER_MIN, called))
        return False

    def _send_on(self, called: Called) -> bool:
        if self._move(called, "transferred"):
            self._waiting.add(called.display)
        return False

    def _move(self, called: Called, to: str) -> bool:
        return self.caller.move(called, to, self.number)


def _nothing() -> bool:
    return True
