"""The line and the life of a ticket, by themselves."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.domain.tickets.rules.life import CallRule, check_calls
from backend.domain.tickets.rules.line import (
    IN_LINE,
    Place,
    count_ahead,
    line_for,
    next_ticket,
    order_line,
    place_of,
    share_of,
    visits_of,
    write_number,
)

RULE = CallRule()


def at(second):
    return f"2026-11-21T01:{second // 60:02d}:{second % 60:02d}.000Z"


def place(id, issued=0, **told: Any):
    return Place(**{"id": id, "series": "A", "number": 1, "state": "waiting", "issued_at": at(issued), **told})


def ids(places):
    return [place.id for place in places]


def test_priority_goes_before_time_and_time_before_number():
    line = [place("late", 9), place("first", 1), place("old", 5, priority=3), place("vip", 2, priority=2)]
    assert ids(order_line(line, line)) == ["old", "vip", "first", "late"]


def test_a_series_with_priority_goes_first_whoever_issued_the_number():
    line = [place("a", 1), place("vip", 8, series="V"), place("old", 9, series="P"), place("b", 0, series="B")]
    assert ids(order_line(line, line)) == ["old", "vip", "b", "a"]
    assert ids(order_line([*line, place("known", 7, priority=9)], line)) == ["known", "old", "vip", "b", "a"]
    assert count_ahead([place("a", 1, for_series="P", state="transferred")], place("me", 5, series="P")) == 1


def test_a_transfer_takes_its_priority_along_and_gets_that_of_where_it_is_sent():
    plain, old = place("plain", 1), place("old", 9, series="P", state="transferred", for_series="A")
    sent = place("sent", 8, state="transferred", for_series="V")
    assert ids(order_line([plain, old, sent], [])) == ["old", "sent", "plain"]


def test_a_transfer_keeps_its_time_and_waits_where_it_was_sent():
    sent = place("sent", 1, state="transferred", for_series="B")
    aimed = place("aimed", 2, state="transferred", for_counter="7")
    line = [place("a", 3), sent, aimed, place("b", 4, series="B")]
    assert ids(line_for(line, "1", ["A"])) == ["a"]
    assert ids(line_for(line, "2", ["B"])) == ["sent", "b"]
    assert ids(line_for(line, "7", ["V"])) == ["aimed"]
    assert ids(line_for(line, "7")) == ["sent", "aimed", "a", "b"]


def test_nobody_is_called_who_is_not_in_line():
    line = [place("x", state=state) for state in ("called", "serving", "held", "skipped", "finished", "left")]
    assert next_ticket(line, "1") is None


def test_a_returned_customer_goes_behind_the_next_three_and_moves_up_as_they_are_called():
    back = place("back", 0, state="returned", returned_at=at(100), called_at=at(90))
    others = [place(f"w{n}", n) for n in range(1, 6)]
    assert ids(order_line([back, *others], [back, *others])) == ["w1", "w2", "w3", "back", "w4", "w5"]
    called = [place("w1", 1, state="serving", called_at=at(110)), place("w2", 2, state="finished", called_at=at(120))]
    line = [back, *others[2:]]
    assert ids(order_line(line, [*line, *called])) == ["w3", "back", "w4", "w5"]
    assert ids(order_line(line, [*line, *called], behind=2)) == ["back", "w3", "w4", "w5"]
    elsewhere = [place("v", 1, series="V", state="serving", called_at=at(110))]
    assert ids(order_line(line, [*line, *elsewhere])) == ["w3", "w4", "w5", "back"]


def test_a_returned_customer_overtakes_nobody_of_higher_priority():
    back = place("back", 0, state="returned", returned_at=at(100))
    line = [back, *(place(f"p{n}", n, priority=3) for n in range(5)), place("w", 1)]
    assert ids(order_line(line, line)) == ["p0", "p1", "p2", "p3", "p4", "back", "w"]


def test_those_ahead_are_those_of_the_same_line_who_come_first():
    line = [
        place("a", 1),
        place("v", 1, series="V"),
        place("p", 9, priority=3),
        place("t", 2, series="V", for_series="A"),
    ]
    assert count_ahead(line, place("me", 5)) == 3
    assert count_ahead(line, place("me", 5, priority=9)) == 0
    assert count_ahead([*line, place("me", 5)], place("me", 5)) == 3


places = st.builds(
    Place,
    id=st.uuids().map(str), series=st.sampled_from("ABV"), number=st.integers(1, 50),
    state=st.sampled_from(["waiting", "transferred", "returned", "called", "finished"]), priority=st.integers(0, 3),
    issued_at=st.integers(0, 600).map(at), for_series=st.sampled_from([None, "A", "B"]),
    for_counter=st.sampled_from([None, None, "1", "2"]), called_at=st.none() | st.integers(0, 600).map(at),
    returned_at=st.none() | st.integers(0, 600).map(at),
)  # fmt: skip


@given(st.lists(places, max_size=12, unique_by=lambda one: one.id), st.sets(st.sampled_from("ABV")), st.randoms())
def test_the_order_is_whole_and_the_same_however_the_tickets_lie(line, serves, random):
    first = line_for(line, "1", serves)
    shuffled = list(line)
    random.shuffle(shuffled)
    assert line_for(shuffled, "1", serves) == first
    assert {one.id for one in first} <= {one.id for one in line if one.state in IN_LINE}
    everyone = {one.id for one in line_for(line, "1")} | {one.id for one in line_for(line, "2")}
    assert everyone == {one.id for one in line if one.state in IN_LINE}
    firsts = [one.precedence for one in first if one.state != "returned"]
    assert firsts == sorted(firsts, reverse=True)


@given(st.lists(places, max_size=12, unique_by=lambda one: one.id), st.integers(1, 4))
def test_tablets_of_a_dark_branch_share_the_line_and_call_nobody_twice(line, tablets):
    shares = [share_of(line, (), (remainder, tablets)) for remainder in range(tablets)]
    called = [one.id for share in shares for one in share if one.state in IN_LINE]
    assert sorted(called) == sorted(one.id for one in line if one.state in IN_LINE)


def test_a_tablet_that_alone_has_no_line_calls_only_whom_it_gave_a_number_since():
    line = [place("seen", 1), place("mine", 2, number=2), place("over", 0, state="finished")]
    assert ids(share_of(line, {"mine"})) == ["mine", "over"]
    assert ids(share_of(line, {"mine"}, (1, 2))) == ["seen", "mine", "over"]


def test_a_place_is_read_from_the_newest_of_each_step():
    body = {
        "series": "A", "number": 7, "state": "returned", "issued_at": at(0), "for_series": "stale",
        "steps": [
            {"to": "transferred", "at": at(1), "for_series": "V"},
            {"to": "transferred", "at": at(2), "for_counter": "9"},
            {"to": "called", "at": at(3)}, {"to": "recalled", "at": at(4)}, {"to": "returned", "at": at(5)},
        ],
    }  # fmt: skip
    seen = place_of("x", body)
    assert (seen.for_series, seen.for_counter, seen.called_at, seen.returned_at) == (None, "9", at(3), at(5))
    assert (seen.line, place_of("y", {**body, "steps": []}).called_at) == ("A", None)


def test_a_ticket_comes_to_a_counter_anew_after_it_was_held_or_sent_on():
    came = [("waiting", None), ("called", "1"), ("recalled", "1"), ("serving", None), ("held", None), ("serving", None),
            ("transferred", None), ("called", "2"), ("skipped", None)]  # fmt: skip
    steps = [
        {"to": to, "at": at(n)} | ({"counter": counter} if counter else {}) for n, (to, counter) in enumerate(came)
    ]
    assert visits_of({"steps": steps}) == [("1", at(1)), ("1", at(5)), ("2", at(7))]
    assert visits_of({}) == []


@pytest.mark.parametrize(("back_s", "is_right"), [(0, True), (60, True), (61, False)])
def test_whoever_missed_a_call_comes_back_in_time_or_takes_a_new_number(back_s, is_right):
    steps = [("called", 0), ("skipped", 30), ("returned", 30 + back_s)]
    told = [{"to": to, "at": at(second)} for to, second in steps]
    assert (check_calls({"steps": told}, CallRule(grace_s=60)) is None) is is_right
    assert check_calls({"steps": [*told, {"to": "left", "at": at(500)}]}, CallRule(grace_s=60)) is None


def test_a_number_is_written_as_it_is_called():
    assert [write_number("A", 7), write_number("V", 1234), write_number("A", 21, "C")] == ["A007", "V1234", "A-C021"]


@pytest.mark.parametrize(
    ("steps", "is_right"),
    [
        ([("called", 0)], True),
        ([("called", 0), ("recalled", 15)], True),
        ([("called", 0), ("recalled", 14)], False),
        ([("called", 0), ("recalled", -5)], False),
        ([("called", 0), ("recalled", 20), ("recalled", 30)], False),
        ([("called", 0), ("recalled", 20), ("recalled", 40), ("recalled", 60)], True),
        ([("called", 0), ("recalled", 20), ("recalled", 40), ("recalled", 60), ("recalled", 80)], False),
        ([("called", 0), ("recalled", 20), ("recalled", 40), ("recalled", 60), ("skipped", 70), ("returned", 80),
          ("called", 90), ("recalled", 110)], True),
    ],
)  # fmt: skip
def test_a_call_is_repeated_not_too_soon_and_not_too_often(steps, is_right):
    body = {"steps": [{"to": to, "at": at(300 + second)} for to, second in steps]}
    assert (check_calls(body, RULE) is None) is is_right
