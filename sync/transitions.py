"""Transitions: what a requested state does to the current one; the matrix of the contract decides."""

from collections.abc import Mapping, Set
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


def decide_transition(life: Life, current: str, requested: str) -> Step:
    """Return what happens when `requested` meets `current`; the state that is there decides, not the version."""
    return life.matrix[current][requested]


def note_state(life: Life, body: Body, to: str, *, at: str, by: str | None, facts: Mapping[str, Any]) -> Body:
    """Return the field in which a life keeps its history, with one state more; nothing for a life without one.

    `at` is when it happened, by the server's estimate: a tablet without a line hands in late what it did in time.
    """
    if life.history is None:
        return {}
    noted = {name: facts[name] for name in sorted(life.noted) if facts.get(name) is not None}
    who = {} if by is None else {"by": by}
    return {life.history: [*(body.get(life.history) or ()), {"to": to, "at": at, **who, **noted}]}
