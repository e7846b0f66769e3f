"""How the embedded CRM decides a proposal: what stands, and what the author is told (protocol.md §5)."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from contracts.base import Body
from contracts.policy import Merge
from contracts.push import FieldOutcome


class Verdict(Struct, frozen=True, kw_only=True):
    """What the CRM makes of a request: the customer's new values, or the fields that somebody else changed."""

    state: str  # accepted · conflict
    take: Mapping[str, Any] = {}
    disputed: Mapping[str, Any] = {}  # field → the CRM's value
    note: str = ""


def decide(subject: Body, proposed: Body, believed: Body) -> Verdict:
    """Accept a proposal whose fields are as its author believed; one field that is not holds up all of it.

    What the CRM already has is no dispute, whatever the author believed.
    """
    open_fields = {name: value for name, value in proposed.items() if subject.get(name) != value}
    disputed = {name: subject.get(name) for name in open_fields if subject.get(name) != believed.get(name)}
    if disputed:
        names = ", ".join(sorted(disputed))
        return Verdict(
            state="conflict", disputed=disputed, note=f"the CRM changed {names} since; a supervisor decides"
        )  # fmt: skip
    return Verdict(state="accepted", take=open_fields, note="" if open_fields else "the CRM had these values already")


def disputes(verdict: Verdict, proposed: Body, review: str) -> list[FieldOutcome]:
    """Return the disputed fields as a supervisor's review shows them."""
    return [
        FieldOutcome(
            field=name, policy=Merge.ESCALATE.value, kept="server", mine=proposed[name], theirs=theirs, conflict=review
        )
        for name, theirs in sorted(verdict.disputed.items())
    ]


def after_review(state: str, reason: str) -> tuple[str, str] | None:
    """Return the request's state and note that a settled review means; None while it is open."""
    if state == "open":
        return None
    if state == "overridden":
        return "accepted", reason or "a supervisor chose the proposed value"
    return "rejected", reason or "a supervisor kept the CRM's value"
