"""Tablets, a machine and counters move tickets at once: any order of arrival ends alike or leaves a record (I10)."""

from itertools import pairwise, product
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


def push_both(state, pair, order, *, behind=0):
    """Two tablets that saw a ticket in `state` ask for one state each; return where it ends, and the outcomes.

    The second has not heard of the last `behind` states.
    """
    bank = Bank()
    author, pads = bank.pad("s-0"), [bank.pad("s-1"), bank.pad("s-2")]
    ticket = author.ticket(counter="1")
    author.do(ticket)
    for to in way_to(state):
        bank.wait(seconds=30)
        assert author.do(author.move(ticket["id"], to)).status == "applied"
    bank.wait(seconds=30)
    now = len(way_to(state)) + 1
    seen = now, max(now - behind, 1)
    asked = [
        {**pad.move(ticket["id"], to), "base_version": version}
        for pad, to, version in zip(pads, pair, seen, strict=True)
    ]
    outcomes = {at: pads[at].do(asked[at]) for at in order}
    for outcome in outcomes.values():
        held = outcome.conflict if outcome.status == "conflict" else outcome.parked
        assert (held is not None) == (outcome.status in RECORDED)
        assert held is None or bank.find("review", held) is not None
    return bank.body("ticket", ticket["id"]), [outcomes[0].status, outcomes[1].status]


@pytest.mark.parametrize("behind", [0, 1])
@pytest.mark.parametrize("state", MATRIX)
def test_two_who_ask_at_once_for_any_two_states_end_alike_or_leave_a_record(state, behind):
    for pair in product(MATRIX, repeat=2):
        (one, first), (other, second) = (push_both(state, pair, order, behind=behind) for order in ((0, 1), (1, 0)))
        assert one["state"] == other["state"] or RECORDED & {*first} or RECORDED & {*second}, pair
        for body in (one, other):
            assert body["steps"][-1]["to"] == body["state"]
            walked = [step["to"] for step in body["steps"]]
            assert all(to in APPLIES[current] for current, to in pairwise(walked)), walked


@pytest.mark.parametrize("seen", ["serving", "held"])
def test_who_holds_a_customer_that_went_on_meanwhile_is_told_and_holds_nobody(seen):
    behind = {"held": 0, "serving": 1}[seen]
    body, outcomes = push_both("held", ("serving", "held"), (0, 1), behind=behind)
    assert (body["state"], outcomes) == ("serving", ["applied", "conflict"])
    body, outcomes = push_both("held", ("serving", "held"), (1, 0), behind=behind)
    assert (body["state"], outcomes) == ("serving", ["applied", "noop"])  # both wanted it held, and it was


def test_a_finish_that_comes_late_ends_nobody_elses_turn():
    bank = Bank()
    first, second = bank.pad("s-1"), bank.pad("s-2")
    ticket = first.ticket()
    first.push(ticket, first.move(ticket["id"], "called", counter="1"), first.move(ticket["id"], "serving"))
    late = {**second.move(ticket["id"], "finished"), "base_version": 3}
    for to in ("transferred", "called", "serving"):
        assert first.do({**first.move(ticket["id"], to), "base_version": 3}).status == "applied"  # all its own
    outcome = second.do(late)
    assert (outcome.status, outcome.problem and outcome.problem.code) == ("conflict", "superseded")
    assert bank.body("ticket", ticket["id"])["state"] == "serving"
    now = {**second.move(ticket["id"], "finished"), "base_version": 6}
    assert second.do(now).status == "applied"


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
        targets = [to for to in (*APPLIES[states[at]], states[at]) if to in WORDS]
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
        told = {"id": self.ids[deed.ticket], "made_at": made_at, "base_version": 1}
        (outcome,) = tablet.push(mutation | told).outcomes
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
