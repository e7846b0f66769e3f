"""Review: what machines should not decide, and the person's decision."""

from enum import StrEnum
from typing import Annotated, Any

from msgspec import Meta

from contracts.base import FieldPath, Message, Uuid
from contracts.push import FIELDS_MAX


class Decision(StrEnum):
    """What a person does with a conflict or a parked mutation."""

    KEEP = "keep"  # the record stays as it is
    OVERRIDE = "override"  # the loser's value becomes a normal new version
    RETRY = "retry"  # the parked mutation is tried again against today's record
    EDIT = "edit"  # retry with corrected values
    DISCARD = "discard"  # given up, with a reason


class DecisionRequest(Message, frozen=True, kw_only=True):
    """Decide one review; `version` is the review's version that the person saw."""

    decision: Decision
    reason: Annotated[str, Meta(max_length=500)] = ""
    version: Annotated[int, Meta(ge=1)]
    set: Annotated[dict[FieldPath, Any], Meta(max_length=FIELDS_MAX)] = {}


class ReviewItem(Message, frozen=True, kw_only=True):
    """A review as a list shows it."""

    id: Uuid
    version: int
    body: dict[str, Any]


class ReviewPage(Message, frozen=True, kw_only=True):
    """Open or settled reviews of the caller's area, oldest first."""

    items: list[ReviewItem]
    next: str | None = None
