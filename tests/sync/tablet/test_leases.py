"""Leases on the tablet: numbers ahead of need, the same request after a lost answer, tokens after a restore."""

import pytest

from contracts.leases import Lease
from sync.tablet.database import create_database
from sync.tablet.errors import NumbersExhausted
from sync.tablet.leases import Leases, Line

INSTALL = "01970000-0000-7000-8000-000000000001"
LINE = Line("3501", "A", "2026-11-21")
NOW, LATER, END = "2026-11-21T01:00:00.000Z", "2026-11-22T01:00:00.000Z", "2026-11-21T17:00:00.000Z"


@pytest.fixture
def leases():
    leases = Leases(create_database(None, INSTALL))
    leases.serve(LINE, 10)
    return leases


def lease(lo, hi, id="l1"):
    return Lease(
        lease_id=id, branch="3501", series="A", business_date="2026-11-21", lo=lo, hi=hi, expires_at=END,
        token=f"token-{id}", overflow="C",
    )  # fmt: skip


def ask(leases, id="r1"):
    return leases.request(LINE, 10, lambda: id, [])


def test_a_block_is_asked_for_when_three_in_ten_are_left(leases):
    assert leases.short_lines() == [(LINE, 10)]
    leases.keep(lease(1, 10))
    for _ in range(6):
        leases.hand_out(LINE, NOW)
    assert leases.short_lines() == []
    leases.hand_out(LINE, NOW)
    assert leases.short_lines() == [(LINE, 10)]


def test_a_request_is_the_same_until_its_block_is_there(leases):
    assert ask(leases, "r1") == ask(leases, "r2")
    leases.keep(lease(1, 10))
    assert ask(leases, "r3").request_id == "r3"


def test_a_block_that_comes_twice_counts_once(leases):
    leases.keep(lease(1, 10))
    leases.hand_out(LINE, NOW)
    leases.keep(lease(1, 10))
    assert leases.hand_out(LINE, NOW) == (2, None)


def test_an_expired_block_gives_no_number(leases):
    leases.keep(lease(1, 10))
    assert leases.hand_out(LINE, LATER) == (1, "C")


def test_without_a_letter_there_is_no_number(leases):
    with pytest.raises(NumbersExhausted):
        leases.hand_out(LINE, NOW)


def test_overflow_numbers_go_on_after_the_day_was_ended_and_begun_again(leases):
    leases.keep(lease(1, 1))
    assert [leases.hand_out(LINE, NOW) for _ in range(3)] == [(1, None), (1, "C"), (2, "C")]
    leases.end_day("2026-11-21")
    leases.serve(LINE, 10)
    assert leases.hand_out(LINE, NOW) == (3, "C")


def test_a_number_that_a_pulled_ticket_has_is_not_given_out_again(leases):
    leases.keep(lease(1, 3))
    leases._database.execute(
        "INSERT INTO record VALUES ('ticket', 't1', 1, json_object('branch_id', '3501', 'series', 'A',"
        " 'business_date', '2026-11-21', 'number', 1))"
    )
    assert leases.hand_out(LINE, NOW) == (2, None)


def test_unused_numbers_go_back_once(leases):
    leases.keep(lease(1, 4))
    leases.hand_out(LINE, NOW)
    leases.end_day("2026-11-21")
    assert leases.returnable() == [("l1", [2, 3, 4])]
    leases.note_returned("l1")
    assert leases.returnable() == []


def test_a_new_incarnation_of_the_server_sees_every_token_and_gets_returned_blocks_back_again(leases):
    leases.keep(lease(1, 4))
    leases.keep(lease(5, 8, "l2"))
    leases.end_day("2026-11-21")
    leases.note_returned("l1")
    assert leases.present() == ["token-l2", "token-l1"]
    assert [it.lease_id for it in leases.returnable()] == ["l1", "l2"]
    assert leases.line_to_ask_for() == (LINE, 1)
    leases.keep(lease(9, 9, "l3"))
    assert [it.lease_id for it in leases.returnable()] == ["l1", "l2", "l3"]
