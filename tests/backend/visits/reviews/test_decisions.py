"""Decisions about visits: by the right person, once, with words, and told to the author and the audit."""

import pytest
from sqlalchemy import select

from backend.storage.tables import audit_entry
from sync.errors import AlreadyDecided, Malformed, OwnWork, VisitChanged
from tests.backend.visits.field import Pad
from tests.backend.visits.reviews.office import BOSS, BRANCH, SECOND, SECRETIVE
from tests.sync.store_cases import run_together


def test_nobody_reviews_the_own_visit(office):
    odd = office.odd_visit(Pad(office, staff_no="s1"))
    (item,) = office.queue().items
    assert item.deeds == []
    with pytest.raises(OwnWork):
        office.decide(BOSS, odd, "accept")
    assert office.decide(SECOND, odd, "accept").review_state == "accepted"


def test_the_same_decision_again_gets_the_same_answer_and_changes_nothing(office):
    odd = office.odd_visit(Pad(office))
    first = office.decide(BOSS, odd, "reject", version=1)
    assert office.decide(BOSS, odd, "reject", version=1) == first
    assert len(first.steps) == 1
    with pytest.raises(AlreadyDecided):
        office.decide(BOSS, odd, "accept", version=1)


def test_of_decisions_at_once_one_stands_and_the_others_are_told_who_was_first(office):
    odd = office.odd_visit(Pad(office))
    told, actors = [], [BOSS, SECOND, BRANCH]

    def decide(n):
        try:
            told.append(office.decide(actors[n], odd, ("accept", "reject", "ask")[n], version=1).steps[0].by)
        except AlreadyDecided as refused:
            told.append(refused.args_of_problem)

    run_together(3, decide)
    (winner,) = [one for one in told if isinstance(one, str)]
    assert {one["by"] for one in told if not isinstance(one, str)} == {winner}
    assert [step["by"] for step in office.grade(odd)["steps"]] == [winner]


def test_a_visit_that_moved_since_somebody_looked_is_looked_at_again(office):
    pad = Pad(office)
    odd = office.odd_visit(pad)
    office.decide(BOSS, odd, "ask")
    pad.reply(odd, "answer")
    pad.push()
    with pytest.raises(VisitChanged):
        office.decide(BOSS, odd, "accept", version=2)
    assert office.decide(BOSS, odd, "accept").review_state == "accepted"


def test_a_rejection_and_a_question_need_words(office):
    odd = office.odd_visit(Pad(office))
    for decision in ("reject", "ask"):
        with pytest.raises(Malformed):
            office.decide(BOSS, odd, decision, "  ")
        with pytest.raises(Malformed):
            office.decide(BOSS, odd, decision, "密码：123456")
    assert office.grade(odd)["steps"] == []


def test_the_audit_names_every_decision_and_no_word_of_it(office):
    pad = Pad(office)
    odd = office.odd_visit(pad, content=SECRETIVE)
    office.decide(BOSS, odd, "ask", SECRETIVE)
    pad.reply(odd, "answer", SECRETIVE)
    pad.push()
    office.decide(BOSS, odd, "reject", SECRETIVE)
    entries = office.store.read(lambda look: look.connection.execute(select(audit_entry)).all())
    told = [(row.action, row.result) for row in entries if row.stream == "org:3501"]
    assert told == [("review_visit", "ask"), ("visit_answer", "taken"), ("review_visit", "reject")]
    assert not any(word in str(entries) for word in ("林小燕", "1385990", "三十万"))


def test_a_regrade_keeps_what_people_have_said(office):
    early, late = Pad(office, boot="b1"), Pad(office, boot="b2")
    odd = office.odd_visit(early, at="2026-11-20T03:00:00Z")
    office.decide(BOSS, odd, "ask")
    points = office.grade(odd)["points"]
    office.odd_visit(late, at="2026-11-20T02:40:00Z", north_m=200_000, stay_s=600)
    assert office.grade(odd)["points"] > points
    assert [step["deed"] for step in office.grade(odd)["steps"]] == ["ask"]
    assert office.grade(odd)["review_state"] == "asked"
