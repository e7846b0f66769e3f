"""The review queue: which visits wait for a decision, and which of them is looked at first."""

from typing import Any

from msgspec import Struct

from backend.domain.visits.rules.flags import ON_SITE
from backend.domain.visits.rules.reviewing import OPEN_STATES
from contracts.kinds.visit_grade import VisitGrade

PARTS = 1_000_000  # a probability is known to six digits
AFTER_ALL = PARTS + 2
POINTS_MAX = 9_999


class Waiting(Struct, frozen=True, kw_only=True):
    """A visit in the queue, as lists are filtered by it."""

    visit_id: str
    org_id: str
    place: str
    author: str
    month: str
    grade: str
    state: str
    flags: str  # codes between spaces


def place_in_queue(probability: float | None, points: int, at: str, id: str, *, is_call: bool = False) -> str:
    """Return a word that sorts as the queue does.

    The least probable to have been inside first, those before them of whom nobody can say; then the most points;
    then the oldest. Calls, which have no place to be at, come last.
    """
    likely = 0 if probability is None else 1 + round(probability * PARTS)
    likely = AFTER_ALL if is_call else likely
    return f"{likely:07d}~{POINTS_MAX - min(points, POINTS_MAX):04d}~{at}~{id}"


def waiting_of(id: str, grade: VisitGrade) -> Waiting | None:
    """Return a graded visit's entry in the queue, or None if nobody has to decide."""
    if grade.review_state not in OPEN_STATES or grade.org_id is None or grade.corrected_by is not None:
        return None
    return Waiting(
        visit_id=id, org_id=grade.org_id,
        place=place_in_queue(grade.probability, grade.points, grade.at, id, is_call=grade.type != ON_SITE),
        author=grade.author, month=grade.local_date[:7], grade=grade.grade, state=grade.review_state,
        flags=codes_of(grade),
    )  # fmt: skip


def codes_of(grade: VisitGrade) -> str:
    """Return the codes of a grade's flags between spaces, so that ` mock ` is found or not."""
    return " ".join(["", *(flag.code for flag in grade.flags), ""])


def columns_of(waiting: Waiting) -> dict[str, Any]:
    """Return an entry as the columns of its row."""
    return {name: getattr(waiting, name) for name in Waiting.__struct_fields__}
