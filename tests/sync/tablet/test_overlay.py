"""The overlay: what an author sees before the server has spoken."""

import pytest

from contracts.clock import ClockEvidence
from contracts.kinds import Customer, Form
from contracts.policy import Op
from contracts.push import Mutation
from sync.tablet.overlay import believed, overlaid, proposals

ID = "01970000-0000-7000-8000-000000000001"


def mutation(op, **set):
    return Mutation(n=1, kind="form", id=ID, op=op, set=set, made_at=ClockEvidence(wall="2026-11-21T01:00:00Z"))


def moved(to, **facts):
    return mutation(Op.TRANSITION, **{"from": "draft", "to": to, "facts": facts})


@pytest.mark.parametrize(
    ("body", "asked", "seen"),
    [
        (None, mutation(Op.CREATE, name="x"), {"name": "x"}),
        (None, mutation(Op.CREATE, **{"values.a": 1}), {"values": {"a": 1}}),
        ({"name": "pulled"}, mutation(Op.CREATE, name="x"), {"name": "pulled"}),
        ({"name": "x", "phone": "1"}, mutation(Op.PATCH, phone="2"), {"name": "x", "phone": "2"}),
        ({"values": {"a": 1, "b": 2}}, mutation(Op.PATCH, **{"values.a": None}), {"values": {"b": 2}}),
        (None, mutation(Op.PATCH, phone="2"), None),
        ({"name": "x"}, mutation(Op.DELETE), None),
        ({"name": "x"}, mutation(Op.PROPOSE, name="y"), {"name": "x"}),
        ({}, moved("complete"), {"state": "complete"}),
        ({"state": "loaded"}, moved("rejected", reject_reason="?"), {"state": "rejected", "reject_reason": "?"}),
        ({"state": "draft"}, moved("accepted"), {"state": "draft"}),
        ({"state": "accepted"}, moved("rejected"), {"state": "accepted"}),
        ({"state": "draft"}, moved("no such state"), {"state": "draft"}),
        (None, moved("complete"), None),
    ],
)
def test_a_mutation_shows_as_the_server_will_most_likely_take_it(body, asked, seen):
    assert overlaid(Form, body, asked) == seen


def test_a_record_that_has_no_life_is_a_programmers_mistake():
    with pytest.raises(AssertionError):
        overlaid(Customer, {}, moved("complete"))


def test_a_base_is_what_was_seen_and_none_for_nothing():
    assert believed({"a": 1, "m": {"k": 2}}, ["a", "m.k", "m.x", "z"]) == {"a": 1, "m.k": 2, "m.x": None, "z": None}


def test_the_last_proposal_of_a_field_is_the_one_that_shows():
    wished = [mutation(Op.PROPOSE, phone="1", email="e"), mutation(Op.PATCH, name="x"), mutation(Op.PROPOSE, phone="2")]
    assert proposals(wished) == {"phone": "2", "email": "e"}
