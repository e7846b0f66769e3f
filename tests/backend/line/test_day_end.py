"""A branch's day ends: nobody waits for ever, no counter stays open, and every number is accounted for."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from backend.domain.tickets.queries import find_number_day, list_counter_steps
from backend.domain.tickets.rules.life import OPEN_STATES
from backend.line.ending import end_days, last_ended_day
from backend.line.series import series_list
from backend.storage.tables import audit_entry
from contracts.kinds.counter import counter_id
from tests.backend.line.conftest import DAY

ENDS_H = 23
LEADING_TO = {
    "waiting": "", "called": "call", "recalled": "call recall", "serving": "call serving",
    "held": "call serving hold", "transferred": "call serving transfer", "skipped": "call skip",
    "returned": "call skip return",
}  # fmt: skip


@pytest.fixture
def end(house, clock):
    """Run the job at an hour of China's clock on a day of November; return how many accounts changed."""

    def run(hour, day=21):
        clock.at = datetime(2026, 11, day, 0, tzinfo=UTC)
        clock.advance(hours=hour - 8)
        return end_days(house.engine, house.store, clock(), ENDS_H)

    return run


def kept(house, date=DAY):
    return house.store.read(lambda look: find_number_day(look.connection, "3501", date))


def test_a_day_ends_at_its_hour_in_china():
    assert last_ended_day(datetime(2026, 11, 21, 14, 59, tzinfo=UTC), ENDS_H).isoformat() == "2026-11-20"
    assert last_ended_day(datetime(2026, 11, 21, 15, 0, tzinfo=UTC), ENDS_H).isoformat() == DAY
    assert last_ended_day(datetime(2026, 11, 21, 16, 30, tzinfo=UTC), ENDS_H).isoformat() == DAY


def test_whoever_was_served_has_finished_and_all_others_are_expired(machine, clock, body, end):
    assert LEADING_TO.keys() == set(OPEN_STATES)
    ids = {}
    for at, (state, way) in enumerate(LEADING_TO.items()):
        ids[state] = machine.ask("issue", series="A")["ticket_id"]
        for word in way.split():
            clock.advance(seconds=20)
            machine.ask(word, ticket_id=ids[state], counter=str(at))
    assert end(22) == 0
    assert body("ticket", ids["waiting"])["state"] == "waiting"
    assert end(23) == 1
    ended = {state: body("ticket", id) for state, id in ids.items()}
    assert {state: ticket["state"] for state, ticket in ended.items()} == {
        state: "finished" if state in ("serving", "held") else "expired" for state in ids
    }
    assert {state for state, ticket in ended.items() if ticket["time_not_accurate"]} == {"serving", "held"}
    assert {ticket["ended_at"] for ticket in ended.values()} == {"2026-11-21T15:00:00.000Z"}
    assert end(23) == 0


def test_numbers_that_nobody_used_come_back_and_the_account_is_kept_and_noted(machine, house, end):
    machine.take_block(DAY, want=5)
    machine.print_number(DAY)
    machine.sync()
    assert kept(house) is None
    end(23)
    day = kept(house)
    assert (day.is_accounted, day.ended_at) == (True, "2026-11-21T15:00:00.000Z")
    (line,) = house.engine.account_numbers("3501", DAY).lines
    assert (line.issued, line.unused, line.held) == ([1], [2, 3, 4, 5], [])
    noted = select(audit_entry).where(audit_entry.c.stream == "org:3501", audit_entry.c.action == "end_day")
    (entry,) = house.store.read(lambda look: look.connection.execute(noted).all())
    assert (entry.subject, entry.result) == (DAY, "ok")


def test_what_arrives_after_the_end_is_accounted_for_anew(machine, house, body, end):
    machine.take_block(DAY, want=3)
    machine.refuse = lambda: True
    machine.print_number(DAY)
    end(23)
    machine.refuse = lambda: False
    machine.sync()
    late = machine.journal[0]["answered"]["ticket_id"]
    assert body("ticket", late)["state"] == "waiting"
    assert end(9, day=22) == 1
    assert body("ticket", late)["state"] == "expired"
    day = kept(house)
    assert (day.ended_at, day.changed_at) == ("2026-11-21T15:00:00.000Z", "2026-11-22T01:00:00.000Z")
    assert end(10, day=22) == 0


def test_a_counter_that_was_left_open_closes_and_its_day_is_kept(machine, house, clock, body, end):
    for word, minutes in (("open", 0), ("pause", 60), ("open", 90)):
        clock.at = datetime(2026, 11, 21, 1, 0, tzinfo=UTC)
        clock.advance(minutes=minutes)
        machine.ask(word, counter="1", serves=["A"])
    end(23)
    counter = body("counter", counter_id("3501", "1"))
    assert (counter["state"], counter["steps"]) == ("closed", [])
    kept = house.store.read(lambda look: list_counter_steps(look.connection, "3501", DAY, "1"))
    assert [(step.to, step.at[11:16]) for step in kept] == [
        ("closed", "01:00"), ("open", "01:00"), ("paused", "02:00"), ("open", "02:30"), ("closed", "15:00")
    ]  # fmt: skip


def test_a_counter_that_opened_today_is_not_closed_by_yesterdays_end(machine, clock, body, end):
    end(23, day=20)
    clock.at = datetime(2026, 11, 21, 1, 0, tzinfo=UTC)
    machine.ask("open", counter="1")
    end(10)
    assert body("counter", counter_id("3501", "1"))["state"] == "open"


def test_the_account_names_the_series_of_the_branch(machine, house, tablet, end):
    machine.ask("issue", series="A")
    shown = tablet.get(f"/numbers/3501/{DAY}").json()
    assert (shown["names"]["P"], shown["ended_at"], shown["is_accounted"]) == ("老弱病残军优先", None, True)
    house.engine.put_records([series_list({"A": "现金业务"}, "3501")], "crm")
    end(23)
    tablet.tablet.sign_in("lobby")
    shown = tablet.get(f"/numbers/3501/{DAY}").json()
    assert (shown["names"], shown["ended_at"]) == ({"A": "现金业务"}, "2026-11-21T15:00:00.000Z")


@pytest.mark.parametrize("date", ["0000-00-00", "0001-01-01", "2026-02-30"])
def test_a_day_that_no_calendar_has_keeps_no_branch_from_ending(machine, tablet, body, end, date):
    honest = machine.ask("issue", series="A")["ticket_id"]
    said = {"branch_id": "3501", "series": "B", "business_date": date, "number": 1, "issued_at": f"{DAY}T01:00:00.000Z"}
    odd = tablet.mutation("ticket", "create", set=said)
    assert tablet.push(odd).outcomes[0].status == "applied"
    end(23)
    assert body("ticket", honest)["state"] == body("ticket", odd["id"])["state"] == "expired"
    assert end(23) == 0


def test_a_branch_where_nothing_happened_has_no_account(end, house):
    assert end(23) == 0
    assert kept(house) is None
