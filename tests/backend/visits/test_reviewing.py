"""Who may do what to a visit under review, from every state; and the order of the queue."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.domain.visits.rules.reviewing import (
    DEEDS,
    FROM,
    Hindrance,
    deeds_of,
    hindrance_of,
    news_of,
    outcome_of,
    state_after,
    step_of,
)
from backend.domain.visits.rules.waiting import place_in_queue
from contracts.kinds.visit_grade import STEPS_MAX, ReviewStep
from sync.moments import shift_moment
from tests.backend.visits.conftest import MORNING


def history(*deeds):
    """Steps as (deed, by)."""
    steps: list[ReviewStep] = []
    for deed, by in deeds:
        steps.append(step_of(deed, by=by, at=MORNING, text="…", steps=steps))
    return steps


@pytest.mark.parametrize("state", FROM)
def test_nobody_decides_about_the_own_visit(state):
    assert {hindrance_of("m1", state, [], deed, "m1") for deed in DEEDS} == {Hindrance.OWN_WORK}
    assert deeds_of("m1", state, [], "m1") == []


def test_what_waits_can_be_accepted_rejected_or_asked_about():
    for state in ("pending", "asked", "answered"):
        assert deeds_of("m1", state, [], "s1") == ["accept", "reject", "ask"]
    assert deeds_of("m1", "counted", [], "s1") == ["reject", "ask"]


def test_an_appeal_is_decided_by_somebody_else():
    steps = history(("reject", "s1"), ("appeal", "m1"))
    assert {hindrance_of("m1", "appealed", steps, deed, "s1") for deed in DEEDS} == {Hindrance.SECOND_PERSON}
    assert deeds_of("m1", "appealed", steps, "s2") == ["accept", "reject", "ask"]


def test_what_one_has_accepted_only_another_may_reject_and_after_an_appeal_nobody():
    steps = history(("accept", "s1"))
    assert hindrance_of("m1", "accepted", steps, "reject", "s1") is Hindrance.SECOND_PERSON
    assert deeds_of("m1", "accepted", steps, "s2") == ["reject"]
    steps = history(("reject", "s1"), ("appeal", "m1"), ("accept", "s2"))
    assert hindrance_of("m1", "accepted", steps, "reject", "s3") is Hindrance.DECIDED


def test_a_question_about_an_appeal_leaves_the_appeal_open():
    assert state_after("appealed", "ask") == state_after("appealed", "answer") == "appealed"
    assert (state_after("appealed", "accept"), state_after("pending", "ask")) == ("accepted", "asked")


def test_a_reply_stands_only_where_one_is_due():
    asked = history(("ask", "s1"))
    assert outcome_of("m1", "asked", asked, "answer", "m1") == "taken"
    assert outcome_of("m1", "asked", asked, "answer", "m2") == "not_yours"
    assert outcome_of("m1", "answered", history(("ask", "s1"), ("answer", "m1")), "answer", "m1") == "not_asked"
    assert outcome_of("m1", "pending", [], "appeal", "m1") == "not_rejected"
    assert outcome_of("m1", "rejected", history(("reject", "s1")), "appeal", "m1") == "taken"
    twice = history(("reject", "s1"), ("appeal", "m1"), ("reject", "s2"))
    assert outcome_of("m1", "rejected", twice, "appeal", "m1") == "appealed_before"


def test_questions_end_before_a_record_grows_too_long():
    steps = history(*[("ask", "s1"), ("answer", "m1")] * (STEPS_MAX // 2))
    assert hindrance_of("m1", "answered", steps, "ask", "s1") is Hindrance.TOO_MANY
    assert hindrance_of("m1", "answered", steps, "reject", "s1") is None
    assert outcome_of("m1", "rejected", steps, "appeal", "m1") == "too_many"


def test_the_visitor_reads_what_a_decision_means_and_what_an_appeal_came_to():
    (first,) = history(("reject", "s1"))
    assert "申诉" in first.zh
    assert "appeal once" in first.en
    last = history(("reject", "s1"), ("appeal", "m1"), ("reject", "s2"))[-1]
    assert "still does not count" in last.en
    assert news_of(last) == {"reviewed_by": "s2", "reviewed_at": MORNING, "review_reason": "…"}
    assert news_of(history(("ask", "s1"))[0]) == {}


entries = st.tuples(
    st.none() | st.integers(0, 1_000_000).map(lambda parts: parts / 1_000_000), st.integers(0, 900),
    st.integers(0, 10**6).map(lambda minutes: shift_moment(MORNING, seconds=60 * minutes)), st.uuids().map(str),
)  # fmt: skip


@given(st.lists(entries, min_size=2, max_size=20))
def test_the_queue_begins_with_the_least_probable_then_the_most_points_then_the_oldest(found):
    wanted = sorted(found, key=lambda one: (-1 if one[0] is None else one[0], -one[1], one[2], one[3]))
    assert sorted(found, key=lambda one: place_in_queue(*one)) == wanted
