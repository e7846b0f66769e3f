"""The demonstration's day on a real server: proven as it ends, and unproven as soon as anything is tampered with."""

import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from backend.commands.demonstration import QUICK
from backend.demo.day.day import opened_day
from backend.demo.day.numbers import account_numbers
from backend.demo.day.proof import (
    account_messages,
    account_mutations,
    compare_digests,
    verify_chains,
    verify_log,
    verify_receipts,
)
from backend.demo.day.server import NotStarted, ServerProcess, free_port
from backend.demo.day.size import Size

SMALL = Size(customers=400, tickets=60, forms=30, visits=12, corrections=8)
COMMAND = Path(sys.executable).parent / "padsync"

# A tablet's push of one mutation, of whose outcome nothing but the usual is told.
ALONE = (
    "SELECT min(rowid) FROM settled WHERE json_array_length(CAST(text AS TEXT)) = 1"
    " AND install_id NOT IN (SELECT install_id FROM partner WHERE install_id IS NOT NULL)"
)


@pytest.fixture(scope="module")
def lived(tmp_path_factory):
    """A small day that was lived to its end, with the server still there: (day, result, what was said)."""
    folder = tmp_path_factory.mktemp("day")
    settings = msgspec.structs.replace(QUICK, data_dir=str(folder), port=free_port())
    said: list[str] = []
    with opened_day(settings, seed=3, size=SMALL, say=said.append) as day:
        yield day, day.live(), "\n".join(said)


@pytest.fixture
def tampered(lived):
    """Return a way to change the server's database behind its back; it is changed back after the test."""
    house = lived[0].house
    undo: list[str] = []

    def change(sql, back):
        undo.append(back)
        return run(house, sql)

    yield change
    for sql in undo:
        run(house, sql)


def run(house, sql):
    return house.store.write(lambda unit: unit.connection.exec_driver_sql(sql).rowcount)


def test_everything_is_proven(lived):
    _, result, said = lived
    assert result.is_proven
    assert "✘" not in said
    assert (result.mutations_made, result.numbers_issued) == (result.mutations_accounted, result.numbers_accounted)
    assert result.mutations_made == sum(result.statuses.values())
    assert result.digests_equal
    assert result.chains_verified


def test_numbers_come_from_every_place(lived):
    _, result, _ = lived
    assert set(result.numbers) == {
        "by the server at machines", "from machines' blocks", "by tablets", "overflow", "unused",
    }  # fmt: skip
    assert all(count for place, count in result.numbers.items() if place != "overflow")
    assert sum(result.numbers.values()) - result.numbers["unused"] == result.numbers_issued


@pytest.mark.parametrize(
    "told",
    [
        "350101 has no line any more: both tablets and the queue machine work on", "has a line again: L350101-2",
        "stands, which reached the server first", "the queue machine of 350102 has a line again",
        "a second time and gets the same answer", "a card is swiped at the machine", "are shown here (001-11)",
        "the audit says L350101-1, reveal, card.contact", "已接触2次，上限2次", "客户已拒绝营销",
        "the customer reserves it", "wants no marketing any more", "a password is refused at the keyboard",
        "without a signature validation_failed, signed again it is changed",
        "becomes a proposal", "reads why: 证件已过有效期", "cards have left the tablets", "tickets expired",
    ],
)  # fmt: skip
def test_the_lobby_tells(lived, told):
    assert told in lived[2]


def test_every_card_has_left_with_its_ticket(lived):
    day, _, _ = lived
    assert [view.id for lobby in day.lobbies.values() for view in lobby.worker.tablet.find("card")] == []


def test_waits_were_told_by_machines_and_tablets(lived):
    day, _, _ = lived
    tickets = [view.body for view in day.lobbies["L350101-1"].worker.tablet.find("ticket")]
    told = {ticket.get("source", "tablet") for ticket in tickets if ticket.get("shown_hi_min") is not None}
    assert told == {"machine", "tablet"}


def test_the_elderly_have_a_series_of_their_own_and_the_story_says_what_it_is_worth(lived):
    day, _, said = lived
    tickets = [view.body for lobby in day.lobbies.values() for view in lobby.worker.tablet.find("ticket")]
    elderly = sum(ticket["series"] == "P" for ticket in tickets)
    assert 0 < elderly < len(tickets)
    assert "the elderly and disabled (P) first, then VIPs (V): A " in said


def test_the_staged_troubles_have_happened(lived):
    _, result, said = lived
    assert result.conflicts >= 3
    assert result.parked >= 1
    for trouble in (
        "both call A0",
        "edit one form",
        "the CRM changes the phone",
        "takes P350101-3",
        "after_revocation",
    ):
        assert trouble in said
    assert "L350101-2 was first" in said
    assert "the edit is parked" in said
    assert "S35 chose F350601-1's" in said
    assert "S35 kept what stood" in said
    assert "against 196****0000 of crm" in said  # only a supervisor is shown what the CRM had


def test_the_story_names_no_customer(lived):
    day, _, said = lived
    names = {view.body["name"] for field in day.fields.values() for view in field.worker.tablet.find("customer")}
    assert [name for name in names if len(name) > 2 and name in said] == []


def test_a_proposal_comes_back_with_its_decision(lived):
    day, _, _ = lived
    requests = day.fields["F350601-1"].worker.tablet.find("request")
    assert {view.body["state"] for view in requests} == {"accepted"}


def test_a_record_that_differs_on_a_tablet_is_found(lived):
    day, _, _ = lived
    worker = day.workers[0]
    database = worker.tablet._parts.database
    database.execute("UPDATE record SET version = version + 1 WHERE kind = 'org'")
    assert not compare_digests(day.house, [worker]).is_proven
    database.execute("UPDATE record SET version = version - 1 WHERE kind = 'org'")
    assert compare_digests(day.house, [worker]).is_proven


def test_a_record_that_differs_on_the_server_is_found(lived, tampered):
    day, _, _ = lived
    tampered(
        "UPDATE record SET version = version + 1 WHERE kind = 'product'",
        "UPDATE record SET version = version - 1 WHERE kind = 'product'",
    )
    assert not compare_digests(day.house, day.workers[:1]).is_proven


def test_a_mutation_that_the_server_forgot_is_missed(lived, tampered):
    day, result, _ = lived
    tampered(
        "UPDATE settled SET install_id = 'x' || install_id WHERE rowid = (ALONE)".replace("ALONE", ALONE),
        "UPDATE settled SET install_id = substr(install_id, 2) WHERE install_id LIKE 'x%'",
    )
    found = account_mutations(day.house, day.workers)
    assert (found.made, found.accounted) == (result.mutations_made, result.mutations_made - 1)


def test_a_mutation_that_nobody_made_is_found(lived, tampered):
    day, result, _ = lived
    tampered(
        "INSERT INTO settled SELECT install_id, 99999, text FROM settled WHERE rowid = (ALONE)".replace("ALONE", ALONE),
        "DELETE FROM settled WHERE first_n = 99999",
    )
    found = account_mutations(day.house, day.workers)
    assert (found.made, found.accounted) == (result.mutations_made + 1, result.mutations_made)


def test_a_number_that_nobody_knows_of_is_missed(lived, tampered):
    day, _, _ = lived
    tampered(
        "UPDATE number_use SET branch = 'x' || branch WHERE number = 1 AND branch = '350601'",
        "UPDATE number_use SET branch = '350601' WHERE branch = 'x350601'",
    )
    found = account_numbers(day.supervisor, day.branches.values(), day.clock.business_date)
    assert not found.is_whole
    assert any("350601 A001" in wrong for wrong in found.wrong)


def test_a_number_that_is_on_two_tickets_is_found(lived, tampered):
    day, _, _ = lived
    tampered(
        "INSERT INTO number_use (branch, date, series, overflow, number, place, id) SELECT branch, date, series,"
        " overflow, number, 2, 'x' FROM number_use WHERE number = 2 AND branch = '350101' AND overflow = ''",
        "DELETE FROM number_use WHERE id = 'x'",
    )
    assert not account_numbers(day.supervisor, day.branches.values(), day.clock.business_date).is_whole


def test_a_machines_answer_that_the_server_forgot_is_missed(lived, tampered):
    day, result, _ = lived
    assert result.machine_messages_made == result.machine_messages_accounted > 0
    tampered(
        "UPDATE machine_message SET n = -n WHERE n = 2", "UPDATE machine_message SET n = -n WHERE n = -2"
    )  # fmt: skip
    assert not account_messages(day.house, day.doors).is_whole


@pytest.mark.parametrize("column", ["countersignature", "hash", "prev"])
def test_evidence_with_one_more_character_is_found(lived, tampered, column):
    day, _, _ = lived
    last = "UPDATE evidence SET COLUMN = 'x' || COLUMN WHERE n = (SELECT max(n) FROM evidence)"
    back = "UPDATE evidence SET COLUMN = substr(COLUMN, 2) WHERE COLUMN LIKE 'x%' AND n = (SELECT max(n) FROM evidence)"
    assert tampered(last.replace("COLUMN", column), back.replace("COLUMN", column)) >= 1
    assert not verify_chains(day.house, day.workers).is_proven


def test_an_outcome_that_was_changed_is_found_by_the_audit_log(lived, tampered):
    day, _, _ = lived
    assert verify_log(day.house).is_proven
    tampered(
        "UPDATE settled SET text = CAST(replace(text, '[[\"', '[[\"x') AS BLOB) WHERE first_n = 1",
        "UPDATE settled SET text = CAST(replace(text, '[[\"x', '[[\"') AS BLOB) WHERE first_n = 1",
    )
    assert not verify_log(day.house).is_proven


def test_a_purge_without_a_receipt_is_missed(lived, tampered):
    day, _, _ = lived
    assert verify_receipts(day.house, day.workers).is_proven
    tampered(
        "INSERT INTO purge SELECT 'x', install_id, buckets, cause, ordered_at, deadline, NULL FROM purge LIMIT 1",
        "DELETE FROM purge WHERE purge = 'x'",
    )
    assert not verify_receipts(day.house, day.workers).is_proven


def test_a_server_that_cannot_start_says_why(tmp_path):
    settings = msgspec.structs.replace(QUICK, data_dir=str(tmp_path), port=free_port())
    with pytest.raises(NotStarted, match="padsync migrate"), ServerProcess(settings, tmp_path / "clock"):
        pass


def test_the_command_lives_a_day_and_writes_its_figures(tmp_path):
    environ = {name: value for name, value in os.environ.items() if not name.startswith("PADSYNC_")}
    done = subprocess.run(
        [COMMAND, "demo", "--scale", "0.1"], env=environ, cwd=tmp_path, capture_output=True, text=True, timeout=240
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    figures = msgspec.json.decode((tmp_path / "build" / "demo.json").read_bytes())
    assert figures["mutations_made"] == figures["mutations_accounted"] > 100
    assert figures["numbers_issued"] == figures["numbers_accounted"] > 0
    assert figures["digests_equal"] is figures["chains_verified"] is True
    assert {"conflicts", "parked"} <= figures.keys()
