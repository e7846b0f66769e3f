"""State machines: total matrices, and tablets that move one record without knowing of each other (I10)."""

from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.registry import KINDS
from contracts.policy import Step
from sync.transitions import decide_transition
from tests.sync.bank import Bank

LIVES = {name: kind.life for name, kind in KINDS.items() if kind.life}


def walk(life, state, requests):
    """Return where requests lead, one after the other, and whether any was recorded as a conflict or parked."""
    is_recorded = False
    for requested in requests:
        step = decide_transition(life, state, requested)
        state = requested if step is Step.APPLY else state
        is_recorded |= step in (Step.SUPERSEDE, Step.PARK)
    return state, is_recorded


@pytest.mark.parametrize("life", LIVES.values(), ids=LIVES)
def test_a_matrix_is_total(life):
    states = set(life.matrix)
    assert life.first in states
    for row in life.matrix.values():
        assert set(row) == states
        assert all(isinstance(step, Step) for step in row.values())


@pytest.mark.parametrize("life", LIVES.values(), ids=LIVES)
def test_every_state_can_be_reached_from_the_first(life):
    reached, left = {life.first}, [life.first]
    while left:
        row = life.matrix[left.pop()]
        news = {to for to, step in row.items() if step is Step.APPLY} - reached
        reached |= news
        left += news
    assert reached | {"recorded"} == set(life.matrix) | {"recorded"}


@pytest.mark.parametrize("life", LIVES.values(), ids=LIVES)
def test_asking_for_the_state_that_is_there_moves_nothing_or_is_a_repetition(life):
    for state, row in life.matrix.items():
        assert row[state] is not Step.APPLY or state == "recalled"


@pytest.mark.parametrize("name", ["ticket", "form", "request"])
def test_two_concurrent_requests_end_in_one_state_or_leave_a_record_in_both_orders(name):
    life = LIVES[name]
    for state in life.matrix:
        valid = [to for to, step in life.matrix[state].items() if step is Step.APPLY]
        for pair in permutations(valid, 2):
            (one, was_one), (other, was_other) = walk(life, state, pair), walk(life, state, pair[::-1])
            assert one == other or (was_one and was_other), (state, pair)


@pytest.mark.parametrize("name", ["ticket", "form", "request"])
@settings(max_examples=300)
@given(data=st.data())
def test_chains_of_several_tablets_in_any_interleaving_end_alike_or_leave_a_record(name, data):
    life = LIVES[name]
    chains = [data.draw(chain_of(life)) for _ in range(data.draw(st.integers(2, 3)))]
    order = [index for index, chain in enumerate(chains) for _ in chain]
    ends = []
    for _ in range(2):
        rests = [iter(chain) for chain in chains]
        ends.append(walk(life, life.first, [next(rests[index]) for index in data.draw(st.permutations(order))]))
    (one, was_one), (other, was_other) = ends
    assert one == other or was_one or was_other


@st.composite
def chain_of(draw, life):
    """Return transitions that are valid one after the other, as a tablet that hears nothing would make them."""
    state, chain = life.first, []
    for _ in range(draw(st.integers(1, 4))):
        valid = sorted(to for to, step in life.matrix[state].items() if step is Step.APPLY)
        if not valid:
            break
        state = draw(st.sampled_from(valid))
        chain.append(state)
    return chain


def test_two_counters_call_one_ticket_and_the_second_is_told_who_was_first():
    bank = Bank()
    first, second = bank.pad("s-1"), bank.pad("s-2")
    ticket = first.ticket()
    first.push(ticket, first.move(ticket["id"], "called", counter="1"))
    outcome = second.do(second.move(ticket["id"], "called", counter="2"))
    assert outcome.status == "conflict"
    assert outcome.problem is not None
    assert outcome.problem.args == {"current": "called", "requested": "called", "by": "s-1", "at": bank.at}
    assert bank.body("ticket", ticket["id"])["counter"] == "1"
    (review,) = bank.reviews(cause="superseded")
    assert (review["state"], review["must_act"]) == ("recorded", "nobody")


def test_the_state_that_is_there_decides_and_not_the_version():
    bank = Bank()
    pad = bank.pad()
    ticket = pad.ticket()
    moves = [{**pad.move(ticket["id"], to), "base_version": 0} for to in ("called", "serving", "finished")]
    assert [one.status for one in pad.push(ticket, *moves)] == ["applied"] * 4


@pytest.mark.parametrize(
    "asked",
    [{}, {"to": "lost"}, {"to": 1}, {"to": "called", "facts": []}, {"to": "called", "from": 1},
     {"to": "called", "x": 1}, {"to": "called", "facts": {"number": 9}},
     {"to": "called", "facts": {"state_by": "s-9"}}],
)  # fmt: skip
def test_what_is_no_transition_is_parked(asked):
    bank = Bank()
    pad = bank.pad()
    ticket = pad.ticket()
    _, outcome = pad.push(ticket, pad.say("ticket", "transition", ticket["id"], set=asked))
    assert (outcome.status, outcome.problem and outcome.problem.code) == ("parked", "validation_failed")


def test_a_record_is_never_in_a_state_that_its_matrix_does_not_know():
    bank = Bank()
    with pytest.raises(Exception, match="`state` must be one of"):
        bank.put("form", {"branch_id": "3501", "template_id": bank.new_id(), "state": "lost"})
