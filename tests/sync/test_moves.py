"""States that the server itself asks for, and the history that a life keeps of all of them."""

from datetime import timedelta

import pytest

from contracts.policy import Step
from sync.clock import DeviceClock
from sync.errors import NotFound
from sync.moments import write_moment
from sync.moves import move_record
from sync.store import Key


def move(bank, id, to, **facts):
    return bank.store.write(
        lambda unit: move_record(unit, bank.kinds, Key("ticket", id), to, facts, by="machine", at=bank.at)
    )


def steps(bank, id):
    return [(step["to"], step["by"], step.get("counter")) for step in bank.body("ticket", id)["steps"]]


def test_the_server_moves_by_the_same_matrix_as_the_tablets(bank, pad):
    ticket = pad.ticket()
    pad.do(ticket)
    assert move(bank, ticket["id"], "called", counter="3").step is Step.APPLY
    assert move(bank, ticket["id"], "called", counter="4").step is Step.SUPERSEDE
    assert move(bank, ticket["id"], "waiting").step is Step.PARK
    assert bank.body("ticket", ticket["id"])["counter"] == "3"
    assert pad.do(pad.move(ticket["id"], "called", counter="1")).status == "conflict"


def test_what_is_not_there_cannot_be_moved(bank):
    with pytest.raises(NotFound):
        move(bank, bank.new_id(), "called")


def test_a_ticket_keeps_every_state_with_who_and_where(bank, pad):
    ticket = pad.ticket()
    pad.do(ticket)
    pad.do(pad.move(ticket["id"], "called", counter="2"))
    move(bank, ticket["id"], "serving")
    pad.do(pad.move(ticket["id"], "called", counter="9"))  # superseded: it never was in that state
    assert steps(bank, ticket["id"]) == [("waiting", "s-1", None), ("called", "s-1", "2"), ("serving", "machine", None)]


def test_a_state_is_dated_when_it_was_reached_and_not_when_the_line_came_back(bank, pad):
    ticket = pad.ticket()
    called = pad.move(ticket["id"], "called", counter="2")
    called["made_at"] = {"wall": "1999-01-01T00:00:00Z", "boot": "b", "mono_ms": 60_001}
    reached = write_moment(bank.now + timedelta(minutes=1))
    bank.wait(hours=3)
    pad.clock = DeviceClock(boot="b", mono_ms=1 + 3 * 3_600_000)
    pad.push(ticket, called)
    assert bank.body("ticket", ticket["id"])["steps"][1]["at"] == reached


def test_no_tablet_writes_the_history_itself(pad):
    outcome = pad.do(pad.ticket(steps=[]))
    assert (outcome.status, outcome.problem.code) == ("parked", "read_only_field")
