"""What served its day is forgotten, and neither a retry nor a figure suffers."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from backend.domain.handoffs.lobby_days import Savings, keep_days
from backend.domain.tickets.models import counter_visit
from backend.line.tables import machine_message
from backend.line.trimming import trim_line

KEPT = {"messages_d": 30, "visits_d": 30}


@pytest.fixture
def count(house):
    """Return how many machine messages and counter visits there are."""

    def read():
        return house.store.read(
            lambda look: tuple(
                look.connection.scalar(select(func.count()).select_from(table))
                for table in (machine_message, counter_visit)
            )
        )

    return read


@pytest.fixture
def lived(machine, house, clock):
    """A morning with two customers served."""
    ids = [machine.ask("issue", series="A")["ticket_id"] for _ in range(2)]
    for id in ids:
        for word in ("call", "serving", "finish"):
            clock.advance(minutes=2)
            machine.ask(word, ticket_id=id, counter="1")
    keep_days(house.store, clock(), Savings())


def test_a_retry_gets_its_first_answer_for_as_long_as_is_said(machine, lived, house, clock, count):
    clock.advance(days=29)
    assert trim_line(house.store, clock(), **KEPT) == 0
    machine.acked = 0
    first = [message["answered"] for message in machine.journal]
    machine.sync()
    assert [message["answered"] for message in machine.journal] == first
    assert count() == (8, 2)


def test_what_is_older_is_forgotten_but_not_where_a_machine_goes_on(machine, make_machine, lived, house, clock, count):
    fresh = make_machine("3502")
    clock.advance(days=31)
    fresh.ask("issue", series="A")
    assert trim_line(house.store, clock(), **KEPT) == 7 + 2
    assert trim_line(house.store, clock(), **KEPT) == 0
    assert count() == (1 + 1, 0)
    machine.acked, answered = 0, [dict(message["answered"]) for message in machine.journal]
    machine.sync()
    assert machine.journal[0]["answered"]["status"] == "refused"
    assert machine.journal[-1]["answered"] == answered[-1]
    assert machine.ask("issue", series="A")["n"] == 9


def test_figures_survive(lived, house, clock, staffing):
    staffing.hire("boss", "35", "supervisor")
    path = f"/lobby/day/3501/{clock().date()}"
    before = staffing.tablet("boss").get(path).json()["total"]
    clock.advance(days=4)
    keep_days(house.store, clock(), Savings())
    clock.advance(days=40)
    trim_line(house.store, clock(), **KEPT)
    after = staffing.tablet("boss").get(path).json()["total"]
    assert after == before
    assert after["finished"] == 2


def test_a_long_past_goes_in_pieces(lived, house, clock, count):
    assert trim_line(house.store, clock() + timedelta(days=31), chunk=2, **KEPT) == 7 + 2
    assert count() == (1, 0)
