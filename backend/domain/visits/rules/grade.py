"""A visit's grade: what counts by itself, and what a supervisor must look at (domain-rules.md §3)."""

from collections.abc import Sequence

from msgspec import Struct

from backend.domain.visits.rules.catalogue import Seriousness
from backend.domain.visits.rules.facts import Neighbours, VisitFacts
from backend.domain.visits.rules.flags import Flag, raise_flags
from backend.domain.visits.rules.position import INSIDE, OUTSIDE, UNCERTAIN, Bearing, judge_position
from backend.domain.visits.rules.thresholds import Thresholds

COUNTS_BY_ITSELF = frozenset("AB")
SERIOUS_MIN = 2  # serious flags that make a D


class Judgement(Struct, frozen=True, kw_only=True):
    """What the evidence of one visit is worth, and why."""

    grade: str
    bearing: Bearing
    flags: Sequence[Flag]

    @property
    def points(self) -> int:
        """The points of all flags: among equally probable visits, the one with more is looked at first."""
        return sum(flag.points for flag in self.flags)


def judge_visit(facts: VisitFacts, around: Neighbours, limits: Thresholds) -> Judgement:
    """Return the judgement of a visit. It depends on the set of visits around it, never on their order of arrival."""
    bearing = judge_position(facts.trace.check_in.position, facts.references, limits)
    flags = raise_flags(facts, bearing, around, limits)
    grade = grade_of(bearing.verdict, bearing.probability, [flag.seriousness for flag in flags], limits)
    return Judgement(grade=grade, bearing=bearing, flags=flags)


def grade_of(verdict: str, probability: float | None, flags: Sequence[Seriousness], limits: Thresholds) -> str:
    """Return A: inside, nothing odd. B: inside or probably so, information only. C: to be reviewed. D: to be accepted.

    UNCERTAIN stands in §3 under B and under C: here it is B while it is more probable than not, else C.
    """
    if verdict == OUTSIDE or flags.count(Seriousness.SERIOUS) >= SERIOUS_MIN:
        return "D"
    is_likely = verdict == INSIDE or (verdict == UNCERTAIN and (probability or 0) >= limits.probable_min)
    if not is_likely or any(flag is not Seriousness.INFORMATION for flag in flags):
        return "C"
    return "A" if verdict == INSIDE and not flags else "B"
