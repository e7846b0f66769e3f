"""Who comes on the day: as many as were asked for, in their order, known by claims that the bank can answer."""

from datetime import UTC, date, datetime
from functools import partial
from random import Random

import pytest

from backend.demo.bank import make_bank
from backend.demo.day.agenda import Agenda
from backend.demo.day.clock import CLOSES_MIN, OPENS_MIN, DayClock, PlayedClock
from backend.demo.day.guests import NOBODY, Guests

COUNT = 200


@pytest.fixture(scope="module")
def bank():
    return make_bank(1, "2026-11-21T00:00:00.000Z", customers=100)


def draw(bank, machine_share=0.5, forms=30):
    return Guests(bank, "350101", Random(1)).draw(COUNT, machine_share, forms)


def test_guests_come_in_order_while_the_doors_are_open(bank):
    minutes = [guest.minute for guest in draw(bank)]
    assert len(minutes) == COUNT
    assert minutes == sorted(minutes)
    assert OPENS_MIN <= minutes[0] <= minutes[-1] < CLOSES_MIN


def test_so_many_want_a_form_as_are_asked_for(bank):
    assert sum(guest.wants_form for guest in draw(bank)) == 30


def test_where_there_is_no_machine_nobody_swipes_a_card(bank):
    guests = draw(bank, machine_share=0)
    assert not any(guest.is_at_machine for guest in guests)
    assert {guest.claim["sort"] for guest in guests if guest.claim} == {"id_reader", "phone_name"}


def test_every_card_that_is_swiped_is_a_customers_or_nobodys(bank):
    numbers = {put.body["customer_no"] for put in bank.customers} | {NOBODY}
    swiped = {guest.claim["customer_no"] for guest in draw(bank, machine_share=1) if guest.claim}
    assert swiped
    assert swiped <= numbers


def test_an_agenda_does_what_is_due_in_the_order_of_its_minutes(tmp_path):
    clock = PlayedClock(tmp_path / "clock")
    clock.set(datetime(2026, 11, 21, tzinfo=UTC))
    day = DayClock(date(2026, 11, 21), clock)
    agenda = Agenda(day)
    done: list[int] = []
    for minutes in (3, 1, 2, 1):
        agenda.after(minutes, partial(done.append, minutes))
    day.minute += 2
    agenda.step()
    assert done == [1, 1, 2]
