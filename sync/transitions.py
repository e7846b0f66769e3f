"""Transitions: what a requested state does to the current one; the matrix of the contract decides."""

from collections.abc import Mapping, Sequence, Set
from typing import Any

from msgspec import Struct

from contracts.base import Body
from contracts.policy import Life, Step


class TransitionInvalid(ValueError):
    """The mutation does not say a transition of this kind."""


class Request(Struct, frozen=True, kw_only=True):
    """A transition as a mutation asks for it; `from_` is what the tablet believed and is only recorded."""

    from_: str
    to: str
    facts: Mapping[str, Any]


def read_request(life: Life, asked: Mapping[str, Any], allowed: Set[str]) -> Request:
    """Return the transition that `set` holds: {"from", "to", "facts"}, with facts that are `allowed`.

    Raises TransitionInvalid in plain words.
    """
    to, from_, facts = asked.get("to"), asked.get("from", ""), asked.get("facts", {})
    if not isinstance(to, str) or to not in life.matrix:
        raise TransitionInvalid(f"`to` must be one of {', '.join(life.matrix)}")
    if not isinstance(from_, str) or not isinstance(facts, dict):
        raise TransitionInvalid("`from` must be a state and `facts` an object")
    if unknown := (facts.keys() - allowed) | (asked.keys() - {"from", "to", "facts"}):
        raise TransitionInvalid(f"a transition of this kind brings no {', '.join(sorted(unknown))}")
    return Request(from_=from_, to=to, facts=facts)


def decide_transition(life: Life, current: str, requested: str, passed: Sequence[str] = ()) -> Step:
    """Return what happens when `requested` meets `current`; the state that is there decides, not the version.

    `passed` are the states since the requester looked (`states_since`). Where others have led the record round
    meanwhile - the state seen was left and reached again, or the one requested was reached and left - the request is
    about a round that is over, and somebody was first.
    """
    step = life.matrix[current][requested]
    if step is Step.APPLY and passed and (passed[0] in passed[1:] or requested in passed[:-1]):
        return Step.SUPERSEDE
    return step


def states_since(life: Life, body: Body, seen: int, by: str) -> list[str]:
    """Return the state that a record had when somebody last saw it, and every other one since; [] if nobody can tell.

    `seen` is the version they saw, 0 for none; whoever moved the record themselves has seen that, too. A repetition
    (a call repeated) is no other state.
    """
    if not life.has_rounds or life.history is None or seen == 0:
        return []
    steps: Sequence[Mapping[str, Any]] = body.get(life.history) or ()
    known = [at for at, step in enumerate(steps) if step.get("version", 0) <= seen or step.get("by") == by]
    states = [step["to"] for step in steps[max(known, default=0) :]]
    return [state for at, state in enumerate(states) if at == 0 or state != states[at - 1]]


def version_at(life: Life, body: Body, at: str) -> int:
    """Return the version that a record had at a moment, as far as its history tells: the one of its state then."""
    steps: Sequence[Mapping[str, Any]] = (body.get(life.history) or ()) if life.history else ()
    return max((step.get("version", 0) for step in steps if step["at"] <= at), default=0)


def note_state(
    life: Life, body: Body, to: str, *, at: str, by: str | None, facts: Mapping[str, Any], version: int = 0
) -> Body:
    """Return the field in which a life keeps its history, with one state more; nothing for a life without one.

    `at` is when it happened, by the server's estimate: a tablet without a line hands in late what it did in time.
    `version` is the one that the record gets with it, 0 where only a server could say.
    """
    if life.history is None:
        return {}
    noted = {name: facts[name] for name in sorted(life.noted) if facts.get(name) is not None}
    who = {} if by is None else {"by": by}
    step = {"to": to, "at": at, **who, **noted} | ({"version": version} if version and life.has_rounds else {})
    return {life.history: [*(body.get(life.history) or ()), step]}
