"""A ticket's life beyond the matrix: how often and soon a call is repeated, what a day's end makes of it (§8)."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from msgspec import Struct

from contracts.base import Body
from sync.moments import read_moment

SERVED = ("serving", "held")  # whoever got so far was served: only the finish was forgotten
OPEN_STATES = ("waiting", "called", "recalled", "serving", "held", "transferred", "skipped", "returned")


class RecallRule(Struct, frozen=True, kw_only=True):
    """How soon after a call it may be repeated, and how often."""

    after_s: float = 15
    times_max: int = 3


def check_recalls(body: Body, rule: RecallRule) -> str | None:
    """Return what is wrong with a ticket's recalls, or None. The time is the server's estimate, whoever called."""
    steps: Sequence[Mapping[str, Any]] = body.get("steps") or ()
    times = 0
    for before, step in pairwise(steps):
        times = times + 1 if step["to"] == "recalled" else 0 if step["to"] == "called" else times
        if times > rule.times_max:
            return f"a customer is recalled at most {rule.times_max} times"
        if step["to"] == "recalled" and _seconds(before["at"], step["at"]) < rule.after_s:
            return f"a call is repeated {rule.after_s:g} s after the one before, at the soonest"
    return None


def state_at_day_end(state: str) -> str:
    """Return what an open ticket becomes when its day ends: whoever was served has finished, the others are expired."""
    return "finished" if state in SERVED else "expired"


def ending_of_earlier(state: str) -> tuple[str, Body]:
    """Return how a ticket ended, and what to note, when its counter went on to another one."""
    if state == "serving":
        return "finished", {"time_not_accurate": True}
    return "skipped", {}


def _seconds(earlier: str, later: str) -> float:
    begin, end = read_moment(earlier), read_moment(later)
    return (end - begin).total_seconds() if begin and end else 0
