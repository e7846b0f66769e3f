"""Reviews: how a conflict or a parked mutation is kept for the person who must act."""

from collections.abc import Sequence
from hashlib import sha256
from typing import Any
from uuid import UUID

import msgspec

from contracts.base import Body, KindName, Problem, RecordId
from contracts.errors import BY_CODE, ErrorCode
from contracts.errors import Actor as Who
from contracts.policy import Merge
from contracts.push import FieldOutcome
from sync.kind import Actor

RECORDED = "recorded"  # the state of a review that only informs


def review_id(install_id: str, n: int, digest: str, mark: str = "") -> str:
    """Return the one id that this mutation's review has, so that it is never raised twice."""
    return str(UUID(bytes=sha256(f"{install_id}|{n}|{digest}|{mark}".encode()).digest()[:16], version=5))


def disputed_by(policies: Sequence[Merge]) -> str:
    """Return who settles a dispute over fields with these policies."""
    who: str = (Who.SUPERVISOR if Merge.ESCALATE in policies else Who.AUTHOR).value
    return who


def disputed_values(review: Body) -> Body:
    """Return field → the loser's value, of those fields that wait for a person."""
    return {field["field"]: field.get("mine") for field in review["fields"] if field.get("conflict")}


def new_review(
    *, actor: Actor, n: int, schema: int, sort: str, problem: Problem, mutation: Body, at: str,
    must_act: str | None = None, fields: Sequence[FieldOutcome] = (), depends_on: str | None = None,
) -> Body:  # fmt: skip
    """Return the body of a review; it holds the author's own words, never the other side's values (I5)."""
    error: ErrorCode = BY_CODE[problem.code]
    who = must_act or error.actor.value
    return {
        "cause": problem.code,
        "sort": sort,
        "state": RECORDED if who == Who.NOBODY.value else "open",
        "must_act": who,
        "install_id": actor.install_id,
        "n": n,
        "author": actor.staff_no,
        "org_id": actor.org_id,
        "subject_kind": _as(KindName, mutation.get("kind")),
        "subject_id": _as(RecordId, mutation.get("id")),
        "depends_on": depends_on,
        "schema": schema,
        "fields": [_own_words(field) for field in fields],
        "mutation": mutation,
        "args": problem.args,
        "raised_at": at,
    }


def _own_words(field: FieldOutcome) -> Body:
    body: Body = msgspec.to_builtins(field)
    return {name: value for name, value in body.items() if name != "theirs"}


def _as(type_: Any, value: object) -> Any:
    """Return `value` if it is what the contract says, None if a tablet made something else of it."""
    try:
        return msgspec.convert(value, type_)
    except msgspec.ValidationError:
        return None
