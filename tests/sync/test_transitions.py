"""State machines: total matrices, and tablets that move one record without knowing of each other (I10)."""

from itertools import permutations, product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.registry import KINDS
from contracts.policy import Step
from sync.transitions import decide_transition, states_since
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


# --- tablets that saw a ticket at different moments of its day


def live(life, history, hands, order):
    """Return where hands lead a record that has this history, and whether anything was recorded.

    A hand is what it saw of the history, and what it asks for, one after the other.
    """
    steps = [{"to": state, "by": "before", "version": at} for at, state in enumerate(history, start=1)]
    rests, is_recorded = [iter(asked) for _, asked in hands], False
    for at in order:
        to, current = next(rests[at]), steps[-1]["to"]
        passed = states_since(life, {life.history: steps}, hands[at][0], str(at))
        step = decide_transition(life, current, to, passed)
        is_recorded |= step in (Step.SUPERSEDE, Step.PARK)
        if step is Step.APPLY:
            steps.append({"to": to, "by": str(at), "version": len(steps) + 1})
    return steps[-1]["to"], is_recorded


def check_orders(life, history, hands, orders):
    ends = [live(life, history, hands, order) for order in orders]
    assert len({state for state, is_recorded in ends if not is_recorded}) <= 1, (history, hands)


@st.composite
def days(draw, life):
    """Return a record's history, and hands that saw some of it and ask for whatever they like."""
    history = [life.first]
    for _ in range(draw(st.integers(0, 7))):
        valid = sorted(to for to, step in life.matrix[history[-1]].items() if step is Step.APPLY)
        history += [draw(st.sampled_from(valid))] if valid else []
    hands = []
    for _ in range(draw(st.integers(2, 3))):
        seen = draw(st.integers(1, len(history)))
        state, asked = history[seen - 1], []
        for _ in range(draw(st.integers(1, 4))):
            near = sorted({state} | {to for to, step in life.matrix[state].items() if step is Step.APPLY})
            state = draw(st.sampled_from(near) | st.sampled_from(sorted(life.matrix)))
            asked.append(state)
        hands.append((seen, asked))
    return history, hands


@settings(max_examples=500)
@given(data=st.data())
def test_hands_that_saw_a_ticket_at_different_moments_end_alike_or_leave_a_record(data):
    history, hands = data.draw(days(LIVES["ticket"]))
    order = [at for at, (_, asked) in enumerate(hands) for _ in asked]
    check_orders(LIVES["ticket"], history, hands, [data.draw(st.permutations(order)) for _ in range(6)])


def test_a_turn_that_went_round_is_not_the_one_that_a_late_hand_meant():
    history = ["waiting", "called", "serving"]
    for late in product(LIVES["ticket"].matrix, repeat=2):
        hands = [(3, ["transferred", "called", "serving"]), (3, late)]
        orders = [order for order in set(permutations([0, 0, 0, 1, 1]))]
        check_orders(LIVES["ticket"], history, hands, orders)


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
