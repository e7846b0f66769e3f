"""Tablets, a machine and counters move tickets at once: any order of arrival ends alike or leaves a record (I10)."""

from itertools import pairwise, permutations
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.registry import KINDS
from contracts.policy import Step
from sync.moments import shift_moment
from tests.sync.bank import Bank

LIFE = KINDS["ticket"].life
assert LIFE is not None
MATRIX = LIFE.matrix
APPLIES = {state: [to for to, step in row.items() if step is Step.APPLY] for state, row in MATRIX.items()}
RECORDED = {"conflict", "parked"}


def way_to(state):
    """Return the shortest way from the first state to this one."""
    ways: dict[str, list[str]] = {"waiting": []}
    left = ["waiting"]
    while state not in ways:
        current = left.pop(0)
        for to in APPLIES[current]:
            if to not in ways:
                ways[to] = [*ways[current], to]
                left.append(to)
    return ways[state]


# --- the whole matrix, through the engine


def push_both(state, pair, order):
    """Two tablets that saw a ticket in `state` ask for one state each; return where it ends, and the outcomes."""
    bank = Bank()
    author, pads = bank.pad("s-0"), [bank.pad("s-1"), bank.pad("s-2")]
    ticket = author.ticket(counter="1")
    author.do(ticket)
    for to in way_to(state):
        bank.wait(seconds=30)
        assert author.do(author.move(ticket["id"], to)).status == "applied"
    bank.wait(seconds=30)
    asked = [pad.move(ticket["id"], to) for pad, to in zip(pads, pair, strict=True)]
    outcomes = {at: pads[at].do(asked[at]) for at in order}
    for outcome in outcomes.values():
        held = outcome.conflict if outcome.status == "conflict" else outcome.parked
        assert (held is not None) == (outcome.status in RECORDED)
        assert held is None or bank.find("review", held) is not None
    return bank.body("ticket", ticket["id"]), [outcomes[0].status, outcomes[1].status]


@pytest.mark.parametrize("state", MATRIX)
def test_two_who_ask_at_once_for_any_two_states_end_alike_or_leave_a_record(state):
    asked = [to for to, step in MATRIX[state].items() if step is not Step.NOOP]  # nobody asks for what they see
    for pair in permutations(asked, 2):
        (one, first), (other, second) = push_both(state, pair, (0, 1)), push_both(state, pair, (1, 0))
        assert one["state"] == other["state"] or RECORDED & {*first} or RECORDED & {*second}, pair
        for body in (one, other):
            assert body["steps"][-1]["to"] == body["state"]
            walked = [step["to"] for step in body["steps"]]
            assert all(to in APPLIES[current] for current, to in pairwise(walked)), walked


# --- several tickets and counters, two tablets and a machine, on the whole server


class Deed(NamedTuple):
    """What somebody does with one of the tickets, at a minute of the morning."""

    ticket: int
    to: str
    counter: str


@st.composite
def chains(draw):
    """Return what one hand does, each step right as far as it knows."""
    states, deeds = ["waiting"] * 3, []
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, 2))
        targets = [to for to in APPLIES[states[at]] if to != "expired"]
        if targets:
            states[at] = draw(st.sampled_from(sorted(targets)))
            deeds.append(Deed(at, states[at], draw(st.sampled_from(["1", "2"]))))
    return deeds


WORDS = {
    "called": "call", "recalled": "recall", "serving": "serving", "held": "hold", "transferred": "transfer",
    "skipped": "skip", "returned": "return", "finished": "finish", "cancelled": "cancel", "left": "left",
}  # fmt: skip


class Morning:
    """Three fresh tickets, and three hands that hand in what they did in any order."""

    def __init__(self, machine, tablets, clock):
        self.machine, self.tablets, self.start = machine, tablets, clock().isoformat()
        self.ids = [machine.ask("issue", series="A")["ticket_id"] for _ in range(3)]
        self.day = str(len(machine.journal))  # counters of this morning alone

    def hand_in(self, hand, deed, minute) -> str:
        """Return what became of a deed."""
        at, counter = shift_moment(self.start, minutes=minute - 200), f"{self.day}-{deed.counter}"
        if hand == 2:
            self.machine.say(WORDS[deed.to], ticket_id=self.ids[deed.ticket], counter=counter)
            self.machine.journal[-1]["at"] = at
            self.machine.sync()
            answer = self.machine.journal[-1]["answered"]
            return "conflict" if answer["status"] == "refused" else "applied"
        facts: dict[str, Any] = {"counter": counter} if deed.to in ("called", "recalled", "serving") else {}
        tablet = self.tablets[hand]
        mutation = tablet.mutation("ticket", "transition", set={"to": deed.to, "facts": facts})
        made_at = {"wall": at, "boot": "", "mono_ms": 0}
        (outcome,) = tablet.push(mutation | {"id": self.ids[deed.ticket], "made_at": made_at}).outcomes
        return str(outcome.status)


@pytest.fixture
def morning(machine, staffing, clock):
    """Return what begins a morning with fresh tickets, on the same server."""
    tablets = [staffing.tablet("lobby") for _ in range(2)]
    return lambda: Morning(machine, tablets, clock)


def test_hands_that_know_nothing_of_each_other_end_alike_or_leave_a_record(morning, body):
    @settings(max_examples=60)
    @given(data=st.data())
    def try_one(data):
        hands = [data.draw(chains()) for _ in range(3)]
        order = [hand for hand, deeds in enumerate(hands) for _ in deeds]
        ends = [live(data.draw(st.permutations(order)), hands) for _ in range(2)]
        (one, is_recorded), (other, was_recorded) = ends
        assert one == other or is_recorded or was_recorded

    def live(order, hands):
        begun, rests, is_recorded = morning(), [list(enumerate(deeds)) for deeds in hands], False
        for hand in order:
            nth, deed = rests[hand].pop(0)
            is_recorded |= begun.hand_in(hand, deed, 30 * nth + 7 * hand) in RECORDED
        tickets = [body("ticket", id) for id in begun.ids]
        standing = [ticket["counter"] for ticket in tickets if ticket["state"] in ("called", "recalled", "serving")]
        assert len(standing) == len(set(standing)), "one counter, one ticket"
        assert all(ticket["steps"][-1]["to"] == ticket["state"] for ticket in tickets)
        return [ticket["state"] for ticket in tickets], is_recorded

    try_one()
