"""A queue machine over HTTP: it issues, calls, goes offline, retries, and all its numbers are accounted for."""

import msgspec
import pytest

from backend.auth.partners import PartnerSort, add_partner
from backend.demo.queue_machine import LineDown
from backend.line.tables import machine_message
from tests.backend.line.conftest import DAY


def post(client, machine, *messages, **other):
    return client.post("/api/v1/machine/messages", headers=machine._headers, json={"messages": list(messages)} | other)


def test_a_number_is_issued_with_what_the_customer_wants_to_know(machine, body):
    first = machine.ask("issue", series="A", service="cash")
    assert (first["display"], first["ahead"], first["state"]) == ("A001", 0, "waiting")
    second = machine.ask("issue", series="A", claim={"sort": "swipe", "customer_no": "81000000001"})
    assert (second["display"], second["ahead"]) == ("A002", 1)
    ticket = body("ticket", second["ticket_id"])
    assert (ticket["source"], ticket["flags"], ticket["identified"]) == ("machine", [], "unknown")
    assert machine.ask("issue", series="P")["ahead"] == 0
    assert body("ticket", machine.ask("issue", series="V")["ticket_id"])["priority"] == 2


def test_a_ticket_goes_its_way_by_words(machine, clock, body):
    id = machine.ask("issue", series="A")["ticket_id"]
    way = [
        ("call", {"counter": "2"}), ("recall", {"counter": "2"}), ("serving", {"counter": "2"}), ("hold", {}),
        ("serving", {"counter": "2"}), ("transfer", {"for_series": "B"}), ("call", {"counter": "3"}), ("skip", {}),
        ("return", {}), ("call", {"counter": "3"}), ("serving", {}), ("finish", {}),
    ]  # fmt: skip
    for word, facts in way:
        clock.advance(seconds=20)
        assert machine.ask(word, ticket_id=id, **facts)["status"] == "done", word
    ticket = body("ticket", id)
    assert [step["to"] for step in ticket["steps"]] == [
        "waiting", "called", "recalled", "serving", "held", "serving", "transferred", "called", "skipped", "returned",
        "called", "serving", "finished",
    ]  # fmt: skip
    assert ticket["issued_at"] == "2026-11-21T01:30:00.000Z"
    assert (ticket["counter"], ticket["ended_at"]) == ("3", "2026-11-21T01:34:00.000Z")


def test_a_ticket_is_named_by_what_is_printed_on_it_whoever_issued_it(machine, tablet, body):
    lease = tablet.post(
        "/sync/leases",
        {"branch": "3501", "series": "B", "business_date": DAY, "want": 5, "request_id": tablet.install_id},
    ).json()
    said = {"branch_id": "3501", "series": "B", "business_date": DAY, "number": lease["lo"], "issued_at": "x"}
    ticket = tablet.mutation("ticket", "create", set=said)
    tablet.push(ticket)
    called = machine.ask("call", series="B", number=lease["lo"], counter="1")
    assert (called["ticket_id"], called["state"], called["counter"]) == (ticket["id"], "called", "1")
    assert machine.ask("call", series="B", number=99, counter="1")["problem"]["code"] == "not_found"
    assert machine.ask("call", series="B", counter="1")["problem"]["code"] == "validation_failed"


def test_who_was_second_is_told_who_was_first(machine):
    id = machine.ask("issue", series="A")["ticket_id"]
    machine.ask("call", ticket_id=id, counter="1")
    again = machine.ask("call", ticket_id=id, counter="2")
    assert (again["status"], again["problem"]["code"], again["state"]) == ("refused", "superseded", "called")
    early = machine.ask("recall", ticket_id=id)
    assert (early["status"], early["problem"]["code"]) == ("refused", "validation_failed")


def test_a_counter_calls_the_next_of_its_series(machine, clock, body):
    numbers = {series: machine.ask("issue", series=series)["ticket_id"] for series in "ABAV"}
    assert machine.ask("open", counter="1", serves=["A", "V"], teller="T01")["state"] == "open"
    assert machine.ask("call_next", counter="1")["series"] == "V"
    clock.advance(seconds=1)
    assert machine.ask("call_next", counter="1")["display"] == "A001"
    clock.advance(seconds=1)
    assert machine.ask("pause", counter="1")["state"] == "paused"
    assert machine.ask("call_next", counter="1")["problem"]["code"] == "counter_not_open"
    machine.ask("open", counter="1", serves=["B"])
    assert machine.ask("call_next", counter="1")["ticket_id"] == numbers["B"]
    assert machine.ask("call_next", counter="1")["status"] == "nobody"
    assert machine.ask("close", counter="1")["state"] == "closed"
    states = [body("ticket", numbers[series])["state"] for series in "VAB"]
    assert states == ["skipped", "waiting", "called"]  # of the two A, the first was called


def test_a_retry_gets_the_first_answer_and_another_message_under_a_used_number_is_refused(machine, client, house):
    first = machine.ask("issue", series="A")
    message = {name: value for name, value in machine.journal[0].items() if name != "answered"}
    assert post(client, machine, message).json()["answers"] == [first]
    assert post(client, machine, machine.journal[0]).json()["answers"] == [first]
    (other,) = post(client, machine, message | {"series": "B"}).json()["answers"]
    assert other["problem"]["code"] == "mutation_reused"
    assert machine.ask("issue", series="A")["number"] == 2
    assert house.engine.account_numbers("3501", DAY).lines[0].issued == [1, 2]


def test_what_comes_after_a_gap_waits(machine, client):
    answer = post(client, machine, {"n": 1, "type": "issue", "series": "A"}, {"n": 3, "type": "issue", "series": "A"})
    told = answer.json()
    assert (told["ack_n"], told["expected_n"], len(told["answers"])) == (1, 2, 1)


@pytest.mark.parametrize(
    "message",
    [{"type": "sing"}, {"type": "issue"}, {"type": "call"}, {"type": "call_next"}, {"type": "issue", "series": "a"},
     {"type": "issue", "series": "A", "overflow": "B"}, {"type": "open"}, {"type": "skip", "ticket_id": "x"}],
)  # fmt: skip
def test_a_message_that_means_nothing_is_refused_alone(machine, client, message):
    good = {"n": 2, "type": "issue", "series": "A"}
    answers = post(client, machine, {"n": 1, **message}, good).json()["answers"]
    assert [answer["status"] for answer in answers] == ["refused", "done"]
    assert answers[0]["problem"]["code"] == "validation_failed"
    assert post(client, machine, {"n": 1, **message}).json()["answers"] == answers[:1]


@pytest.mark.parametrize(
    "told", [{"pin": "731904"}, {"claim": {"sort": "swipe", "customer_no": "1", "track2": "731904"}},
             {"service": "密码：731904"}],
)  # fmt: skip
def test_a_message_with_a_secret_is_refused_alone_and_nothing_of_it_stays(machine, client, house, told):
    issue = {"type": "issue", "series": "A"}
    answers = post(client, machine, {"n": 1, **issue, **told}, {"n": 2, **issue}).json()["answers"]
    assert [answer.get("problem", {}).get("code") for answer in answers] == ["secret_refused", None]
    assert answers[1]["number"] == 1
    other = msgspec.json.decode(msgspec.json.encode(told).replace(b"731904", b"731905"))
    assert post(client, machine, {"n": 1, **issue, **other}).json()["answers"] == answers[:1]
    with house.store.engine.connect() as connection:
        kept = connection.execute(machine_message.select().where(machine_message.c.n == 1)).one()
    assert b"731904" not in kept.answer


@pytest.mark.parametrize("messages", [[{}], [{"n": 0}], [{"n": "1"}], [[]], [1], ["x"]])
def test_messages_without_a_number_are_malformed(machine, client, messages):
    answer = post(client, machine, *messages)
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed")


def test_a_machine_does_nothing_in_another_branch(machine, make_machine):
    id = make_machine("3502").ask("issue", series="A")["ticket_id"]
    refused = machine.ask("call", ticket_id=id, counter="1")
    assert (refused["problem"]["code"], "state" in refused) == ("not_in_scope", False)


def test_no_person_and_no_teller_system_speaks_for_a_machine(house, client, tablet):
    teller = add_partner(house.auth, PartnerSort.TELLER, "35", "柜面", "test")
    said: dict[str, list[str]] = {"messages": []}
    for key, status in ((f"Bearer {teller.key}", 403), (tablet.headers["Authorization"], 401)):
        assert client.post("/api/v1/machine/messages", headers={"Authorization": key}, json=said).status_code == status


def test_a_machine_without_a_line_prints_on_and_hands_in_later(machine, clock, body, account):
    machine.take_block(DAY, want=2)
    machine.refuse = lambda: True
    printed = [machine.print_number(DAY) for _ in range(3)]
    assert printed == [("", 1), ("", 2), ("A", 1)]
    clock.advance(hours=1)
    with pytest.raises(LineDown):
        machine.sync()
    machine.refuse = lambda: False
    machine.sync()
    answers = [message["answered"] for message in machine.journal]
    assert [answer["display"] for answer in answers] == ["A001", "A002", "A-A001"]
    assert [body("ticket", answer["ticket_id"])["flags"] for answer in answers] == [[], [], []]
    assert body("ticket", answers[0]["ticket_id"])["issued_at"] == "2026-11-21T01:30:00.000Z"
    assert machine.ask("issue", series="A")["number"] == 3
    machine.end_day(DAY)
    house_line = account()
    assert (house_line.issued, house_line.overflow, house_line.is_accounted) == ([1, 2, 3], {"A": [1]}, True)


def test_a_clock_that_is_off_is_corrected_by_what_the_machine_says_it_is_now(machine, client, body):
    said = {"n": 1, "type": "issue", "series": "A", "at": "2026-11-21T13:00:00+08:00"}
    (answer,) = post(client, machine, said, sent_at="2026-11-21T13:05:00+08:00").json()["answers"]
    assert body("ticket", answer["ticket_id"])["issued_at"] == "2026-11-21T01:25:00.000Z"


def test_lost_answers_make_no_second_number(machine, account):
    lost = iter([True, False, True, True, False, False, False, False])
    machine.lose = lambda: next(lost)
    for _ in range(3):
        machine.say("issue", series="A")
        while machine.acked < len(machine.journal):
            try:
                machine.sync()
            except LineDown:
                continue
    assert account().issued == [1, 2, 3]


def test_after_a_restore_the_machine_is_asked_again_and_no_number_changes(machine, house, clock):
    """What a restore from backup does to the tables of the line is done here by hand."""
    issued = [machine.ask("issue", series="A") for _ in range(3)]
    machine.ask("call_next", counter="1")
    forget(house)
    assert machine.ask("issue", series="A")["number"] == 4
    again = [message["answered"] for message in machine.journal[:3]]
    assert [(one["ticket_id"], one["number"]) for one in again] == [(one["ticket_id"], one["number"]) for one in issued]
    assert machine.journal[3]["answered"]["ticket_id"] == issued[0]["ticket_id"]
    line = house.engine.account_numbers("3501", DAY).lines[0]
    assert (line.issued, line.collisions, line.stray) == ([1, 2, 3, 4], [], [])


def forget(house):
    """Forget everything that was said and leased, as a backup of the morning does."""
    with house.store.engine.begin() as connection:
        for table in (
            "machine_message",
            "lease",
            "number_line",
            "number_use",
            "record",
            "membership",
            "bucket",
            "settled",
        ):
            connection.exec_driver_sql(f"DELETE FROM {table}")  # noqa: S608 - constants
        connection.exec_driver_sql("UPDATE install SET ack_n = 0")
        connection.exec_driver_sql("DELETE FROM ticket")


def test_who_comes_back_too_late_needs_a_new_number(machine, clock):
    issued = machine.ask("issue", series="A")["ticket_id"]
    machine.ask("call", ticket_id=issued, counter="1")
    machine.ask("skip", ticket_id=issued)
    clock.advance(minutes=61)
    answer = machine.ask("return", ticket_id=issued)
    assert (answer["status"], answer["problem"]["code"], answer["state"]) == ("refused", "validation_failed", "skipped")
    assert "within 60 min" in answer["problem"]["args"]["wrong"]


def test_a_machine_that_lost_its_journal_asks_where_it_was(machine, client):
    machine.ask("issue", series="A")
    machine.ask("issue", series="A")
    answer = post(client, machine).json()
    assert (answer["ack_n"], answer["expected_n"], answer["answers"]) == (2, None, [])
    assert post(client, machine, {"n": 3, "type": "issue", "series": "A"}).json()["answers"][0]["number"] == 3
