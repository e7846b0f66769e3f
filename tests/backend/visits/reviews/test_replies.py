"""Answers and appeals travel by the tablet, and only the visitor speaks."""

import pytest

from sync.errors import OwnWork
from tests.backend.visits.field import Pad
from tests.backend.visits.reviews.office import BOSS, SECOND


def test_a_question_and_its_answer_travel_by_the_tablet(office):
    pad = Pad(office)
    odd = office.odd_visit(pad)
    office.decide(BOSS, odd, "ask", "为什么在两公里外？")
    assert office.pulled("visit_grade")[odd]["steps"][-1]["text"] == "为什么在两公里外？"
    reply = pad.reply(odd, "answer", "客户搬家了")
    again = pad.reply(odd, "answer", "再说一次")
    assert {outcome.status for outcome in pad.push()} == {"applied"}
    (item,) = office.queue(state="open").items
    assert (item.review_state, [step.deed for step in item.steps]) == ("answered", ["ask", "answer"])
    assert item.steps[-1].text == "客户搬家了"
    said = office.pulled("visit_reply")
    assert (said[reply]["outcome"], said[again]["outcome"]) == ("taken", "not_asked")
    assert said[reply]["zh"]


def test_an_appeal_written_without_a_line_reopens_the_visit_for_somebody_else(office):
    office.lend()
    pad = Pad(office)
    odd = office.odd_visit(pad)
    office.decide(BOSS, odd, "reject", "位置不符")
    assert office.duty() == (0, 0, "on_track")
    pad.reply(odd, "appeal", "定位漂移")
    assert office.waiting() == []
    pad.push()
    assert office.waiting() == [odd]
    assert office.duty() == (0, 1, "pending_review")
    with pytest.raises(OwnWork):
        office.decide(BOSS, odd, "accept")
    item = office.decide(SECOND, odd, "accept", "")
    assert (item.review_state, office.waiting(), office.duty()) == ("accepted", [], (1, 0, "done"))
    assert [step.by for step in item.steps] == ["s1", "m1", "s2"]
    twice = pad.reply(odd, "appeal")
    pad.push()
    assert office.pulled("visit_reply")[twice]["outcome"] == "appealed_before"


def test_another_person_can_not_speak_for_the_visitor(office):
    odd = office.odd_visit(Pad(office))
    office.decide(BOSS, odd, "reject")
    stranger = Pad(office, staff_no="m2", boot="b9")
    stranger.reply(odd, "appeal")
    (outcome,) = stranger.push()
    assert (outcome.status, outcome.problem and outcome.problem.code) == ("parked", "not_in_scope")
    assert office.grade(odd)["review_state"] == "rejected"
