"""One counter serves one ticket, whatever order the news come in; a call by the door is one counter's alone."""

from itertools import permutations
from threading import Barrier, Thread

import pytest

from contracts.kinds.counter import counter_id


def issue(machine, count, series="A"):
    return [machine.ask("issue", series=series)["ticket_id"] for _ in range(count)]


def call_next(tablet, counter, **told):
    answer = tablet.post("/lobby/call-next", {"branch_id": "3501", "counter_no": counter, **told})
    assert answer.status_code == 200, answer.text
    return answer.json()


def steps(ticket):
    return [step["to"] for step in ticket["steps"]]


def move(tablet, id, to, at, **facts):
    """A transition that was made at a time of this morning."""
    mutation = tablet.mutation("ticket", "transition", set={"to": to, "facts": facts})
    return mutation | {"id": id, "made_at": {"wall": f"2026-11-21T{at}+08:00", "boot": "", "mono_ms": 0}}


def test_a_counter_that_calls_has_ended_the_ticket_before(machine, clock, body):
    first, second, third = issue(machine, 3)
    machine.ask("call", ticket_id=first, counter="1")
    clock.advance(minutes=1)
    machine.ask("serving", ticket_id=first, counter="1")
    clock.advance(minutes=5)
    machine.ask("call", ticket_id=second, counter="1")
    clock.advance(minutes=1)
    machine.ask("call", ticket_id=third, counter="1")
    finished, skipped = body("ticket", first), body("ticket", second)
    assert (finished["state"], finished["time_not_accurate"]) == ("finished", True)
    assert (finished["ended_at"], finished["steps"][-1]["by"]) == ("2026-11-21T01:36:00.000Z", "server")
    assert (skipped["state"], skipped["time_not_accurate"], skipped["steps"][-1]["at"]) == (
        "skipped", False, "2026-11-21T01:37:00.000Z"
    )  # fmt: skip
    assert body("ticket", third)["state"] == "called"
    machine.ask("call", ticket_id=issue(machine, 1)[0], counter="2")
    assert body("ticket", third)["state"] == "called"


def test_a_ticket_on_hold_waits_while_its_counter_serves_another(machine, clock, body):
    held, other = issue(machine, 2)
    for word, id in (("call", held), ("serving", held), ("hold", held), ("call", other), ("serving", other)):
        clock.advance(minutes=1)
        machine.ask(word, ticket_id=id, counter="1")
    assert (body("ticket", held)["state"], body("ticket", other)["state"]) == ("held", "serving")
    clock.advance(minutes=1)
    machine.ask("serving", ticket_id=held, counter="1")
    assert (body("ticket", held)["state"], body("ticket", other)["state"]) == ("serving", "finished")


@pytest.mark.parametrize("order", list(permutations(range(3))), ids=str)
def test_whatever_order_the_news_come_in_the_counter_keeps_the_same_ticket(staffing, machine, clock, body, order):
    ids = issue(machine, 3)
    clock.advance(hours=2)
    tablets = [staffing.tablet("lobby") for _ in ids]
    news = [
        [move(tablets[0], ids[0], "called", "10:00:00", counter="1"), move(tablets[0], ids[0], "serving", "10:01:00")],
        [move(tablets[1], ids[1], "called", "10:10:00", counter="1"), move(tablets[1], ids[1], "serving", "10:11:00")],
        [move(tablets[2], ids[2], "called", "10:20:00", counter="1")],
    ]
    for at in order:
        tablets[at].push(*news[at])
    assert [body("ticket", id)["state"] for id in ids] == ["finished", "finished", "called"]
    assert all(body("ticket", id)["time_not_accurate"] for id in ids[:2])


# --- call-next


def test_the_door_calls_the_next_and_a_retry_gets_the_same(machine, tablet, clock, body):
    first, second, _ = issue(machine, 3)
    called = call_next(tablet, "1")
    assert (called["ticket_id"], called["display"], called["waiting"]) == (first, "A001", 2)
    assert body("ticket", first)["steps"][-1]["by"] == "lobby"
    assert call_next(tablet, "1")["ticket_id"] == first
    clock.advance(minutes=1)
    assert call_next(tablet, "1", present=first)["ticket_id"] == second
    assert body("ticket", first)["state"] == "skipped"
    assert call_next(tablet, "2", present=first)["display"] == "A003"
    assert call_next(tablet, "3")["ticket_id"] is None


def test_the_door_refuses_who_does_not_work_there(staffing, tablet):
    elsewhere = tablet.post("/lobby/call-next", {"branch_id": "3502", "counter_no": "1"})
    assert (elsewhere.status_code, elsewhere.json()["code"]) == (404, "not_found")
    staffing.hire("field", "3501", "field_manager")
    field = staffing.tablet("field")
    refused = field.post("/lobby/call-next", {"branch_id": "3501", "counter_no": "1"})
    assert refused.json()["code"] in ("forbidden", "not_found")


def test_a_counter_that_is_not_open_calls_nobody(machine, tablet):
    issue(machine, 1)
    machine.ask("open", counter="1", serves=["A"])
    machine.ask("pause", counter="1")
    refused = tablet.post("/lobby/call-next", {"branch_id": "3501", "counter_no": "1"})
    assert (refused.status_code, refused.json()["code"]) == (409, "counter_not_open")


def test_a_tablet_declares_a_counter_and_says_what_it_serves(tablet, machine, body):
    id = counter_id("3501", "7")
    made = tablet.mutation(
        "counter", "create", set={"branch_id": "3501", "counter_no": "7", "series": ["V"]}
    ) | {"id": id}  # fmt: skip
    opened = tablet.mutation("counter", "transition", set={"to": "open", "facts": {"teller": "T01"}}) | {"id": id}
    assert [one.status for one in tablet.push(made, opened).outcomes] == ["applied", "applied"]
    issue(machine, 1)
    (vip,) = issue(machine, 1, series="V")
    assert call_next(tablet, "7")["ticket_id"] == vip
    assert steps(body("counter", id)) == ["closed", "open"]


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request):
    """The file of the data folder, or PostgreSQL."""
    return "" if request.param == "sqlite" else request.getfixturevalue("postgres_url")


def test_counters_that_call_at_once_never_get_the_same_ticket(make_machine, staffing, body):
    machine = make_machine()
    tickets = issue(machine, 24)
    tablets, machines = [staffing.tablet("lobby") for _ in range(3)], [make_machine() for _ in range(3)]
    barrier = Barrier(6)
    got: list[list[str]] = [[] for _ in range(6)]

    def by_door(at):
        barrier.wait()
        for _ in range(4):
            got[at].append(call_next(tablets[at], f"{at}", present=got[at][-1] if got[at] else None)["ticket_id"])

    def by_machine(at):
        barrier.wait()
        for _ in range(4):
            got[at].append(machines[at - 3].ask("call_next", counter=f"{at}")["ticket_id"])

    threads = [Thread(target=by_door if at < 3 else by_machine, args=(at,)) for at in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    called = [id for ids in got for id in ids]
    assert sorted(called) == sorted(tickets)
    assert all(steps(body("ticket", id)).count("called") == 1 for id in tickets)


def test_a_finish_that_a_machine_said_without_a_line_ends_nobody_elses_turn(machine, tablet, clock, body):
    (id,) = issue(machine, 1)
    for word, counter in (("call", "1"), ("serving", "1")):
        machine.ask(word, ticket_id=id, counter=counter)
    clock.advance(minutes=5)
    machine.say("finish", ticket_id=id, counter="1")  # and it has no line for some minutes
    for to in ("transferred", "called", "serving"):
        clock.advance(minutes=1)
        at = f"{clock().hour + 8:02}:{clock().minute:02}:00"
        assert tablet.push(move(tablet, id, to, at, **({"counter": "2"} if to == "called" else {}))).outcomes[0].version
    machine.sync()
    answered = machine.journal[-1]["answered"]
    assert (answered["status"], answered["problem"]["code"]) == ("refused", "superseded")
    assert body("ticket", id)["state"] == "serving"
    assert machine.ask("finish", ticket_id=id, counter="2")["status"] == "done"
