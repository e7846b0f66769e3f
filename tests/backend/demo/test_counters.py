"""A counter of the demonstration: one customer at a time, called again, sent on or missed as customers are."""

from datetime import UTC, date, datetime

import pytest

from backend.demo.day.clock import DayClock, PlayedClock
from backend.demo.day.counters import Called, Counter
from backend.demo.day.guests import Guest

A, B = Called("a", "A001"), Called("b", "A002")


class Calling:
    """Calls whom it is told to call, and remembers what it was told."""

    def __init__(self, *line):
        self.line, self.said, self.is_mine = list(line), [], True

    def call_next(self, counter_no):
        return self.line.pop(0) if self.line else None

    def move(self, called, to, counter_no):
        self.said.append((called.display, to))
        return self.is_mine


@pytest.fixture
def day(tmp_path):
    clock = PlayedClock(tmp_path / "clock")
    clock.set(datetime(2026, 11, 21, tzinfo=UTC))
    return DayClock(date(2026, 11, 21), clock)


def live(day, caller, guests, minutes=40):
    served = []
    waiting = set(guests)
    counter = Counter("1", caller, day, guests, waiting, lambda called, _: served.append(called.display))
    for _ in range(minutes):
        day.minute += 1
        counter.step()
    return counter, served, waiting


def test_one_is_served_after_the_other(day):
    caller = Calling(A, B)
    _, served, waiting = live(day, caller, {"A001": Guest(minute=0), "A002": Guest(minute=0)})
    assert served == ["A001", "A002"]
    assert caller.said == [("A001", "serving"), ("A001", "finished"), ("A002", "serving"), ("A002", "finished")]
    assert waiting == set()


def test_nobody_is_called_while_nobody_waits(day):
    caller = Calling(A)
    live(day, caller, {})
    assert caller.line == [A]


def test_whoever_misses_the_call_comes_back(day):
    caller = Calling(A)
    counter, served, _ = live(day, caller, {"A001": Guest(minute=0, is_late=True)})
    assert caller.said == [("A001", "skipped")]
    assert [called for _, called in counter.returning] == [A]
    assert served == []


def test_whoever_is_deaf_is_called_again(day):
    caller = Calling(A)
    live(day, caller, {"A001": Guest(minute=0, is_deaf=True)})
    assert [to for _, to in caller.said] == ["recalled", "serving", "finished"]


def test_whoever_is_sent_on_waits_again(day):
    caller = Calling(A)
    _, _, waiting = live(day, caller, {"A001": Guest(minute=0, is_sent_on=True)})
    assert [to for _, to in caller.said] == ["serving", "transferred"]
    assert waiting == {"A001"}


def test_a_ticket_of_somebody_else_is_let_go(day):
    caller = Calling(A)
    caller.is_mine = False
    counter, served, _ = live(day, caller, {"A001": Guest(minute=0)})
    assert (counter.called, served) == (None, [])


def test_closing_finishes_who_is_there(day):
    caller = Calling(A)
    counter, _, _ = live(day, caller, {"A001": Guest(minute=0, service_min=300)}, minutes=5)
    counter.finish()
    assert caller.said[-1] == ("A001", "finished")
    assert (counter.called, counter.is_open) == (None, False)
