"""A ticket's life beyond the matrix: how often and soon a call is repeated, what a day's end makes of it (§8)."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from msgspec import Struct

from contracts.base import Body
from sync.moments import read_moment

SERVED = ("serving", "held")  # whoever got so far was served: only the finish was forgotten
OPEN_STATES = ("waiting", "called", "recalled", "serving", "held", "transferred", "skipped", "returned")


class CallRule(Struct, frozen=True, kw_only=True):
    """How soon and how often a call is repeated, and for how long after a missed one a customer comes back."""

    after_s: float = 15
    times_max: int = 3
    grace_s: float = 3600


def check_calls(body: Body, rule: CallRule) -> str | None:
    """Return what is wrong with a ticket's recalls or its return, or None. Times are the server's estimate."""
    steps: Sequence[Mapping[str, Any]] = body.get("steps") or ()
    return _wrong_recall(steps, rule) or _wrong_return(steps, rule)


def _wrong_recall(steps: Sequence[Mapping[str, Any]], rule: CallRule) -> str | None:
    times = 0
    for before, step in pairwise(steps):
        times = times + 1 if step["to"] == "recalled" else 0 if step["to"] == "called" else times
        if times > rule.times_max:
            return f"a customer is recalled at most {rule.times_max} times"
        if step["to"] == "recalled" and _seconds(before["at"], step["at"]) < rule.after_s:
            return f"a call is repeated {rule.after_s:g} s after the one before, at the soonest"
    return None


def _wrong_return(steps: Sequence[Mapping[str, Any]], rule: CallRule) -> str | None:
    """Say that the newest step is a return that comes too late: then the number is no longer good (§8, grace)."""
    if len(steps) < 2 or steps[-1]["to"] != "returned":
        return None
    if _seconds(steps[-2]["at"], steps[-1]["at"]) <= rule.grace_s:
        return None
    return f"whoever missed a call comes back within {rule.grace_s / 60:g} min, or takes a new number"


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
