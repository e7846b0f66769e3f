"""The score of field managers: what an assessment can be based on, and what every number is made of (001-17)."""

from typing import Literal

from contracts.base import Count, Message
from contracts.compliance import Level, Month

ComponentName = Literal["duty_rate", "share_done", "quality", "content", "timely", "upheld"]


class ScoreComponent(Message, frozen=True, kw_only=True):
    """One part of a score: `value` = `numerator` / `denominator`; none where there was nothing to measure.

    `points` is what it brings to the score, of `points_max`: the weights of what could be measured make 100.
    """

    name: ComponentName
    value: float | None
    numerator: float
    denominator: Count
    weight: Count
    points: float | None
    points_max: float | None
    opens: str  # the path of the duties or visits that made it; empty in the own score, as one's tablet holds these


class ScoreItem(Message, frozen=True, kw_only=True):
    """The score of a manager, of a branch's team or of a bank in one month, of 100; none: nothing could be measured."""

    org_id: str
    org_name: str
    person: str | None = None  # of a manager's row
    score: float | None
    components: list[ScoreComponent]
    visits: Count
    grades: dict[str, int]  # A to D, as the evidence was graded
    accepted: Count
    rejected: Count
    undecided: Count


class ScoreReport(Message, frozen=True, kw_only=True):
    """Scores of a month in the caller's area with their weights and definitions; `total` is of all that was chosen."""

    month: Month
    state: str  # of the month: open · provisional · final
    revision: int
    level: Level
    weights: dict[str, int]
    items: list[ScoreItem]
    total: ScoreItem
    definitions: dict[str, str]
    next: str | None = None
