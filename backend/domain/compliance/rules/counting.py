"""Which visits count for a duty, and why the others do not (domain-rules.md §6)."""

from collections.abc import Iterable, Sequence
from datetime import date
from enum import StrEnum

from msgspec import Struct

from backend.domain.compliance.rules.facts import CORRECTED, DOUBTED, Dossier, VisitFact
from backend.domain.compliance.rules.periods import Period
from backend.domain.compliance.rules.versions import RuleVersion


class Verdict(StrEnum):
    """What a visit is to a duty."""

    COUNTED = "counted"
    PENDING = "pending"  # would be looked at for counting if a supervisor accepted it
    REJECTED = "rejected"
    WRONG_TYPE = "wrong_type"
    AMENDED = "amended"  # another visit stands in its place
    NO_CONTENT = "no_content"
    NO_COORDINATE = "no_coordinate"
    NOT_A_MANAGER = "not_a_manager"  # the visitor never managed the customer in this period
    SAME_DAY = "same_day"  # another visit of that day counts
    TOO_SOON = "too_soon"  # within the rule's gap after one that counts


class Weighed(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One visit of a period, and what it is to the duty."""

    visit_id: str
    visitor: str
    day: date
    verdict: Verdict


class Tally(Struct, frozen=True, kw_only=True):
    """The visits of one duty in one period; `pending` is how many more would count if all were accepted."""

    counted: tuple[Weighed, ...] = ()
    pending: int = 0
    weighed: tuple[Weighed, ...] = ()


NO_VISITS = Tally()


def tally(rule: RuleVersion, dossier: Dossier, period: Period, visits: Iterable[VisitFact]) -> Tally:
    """Return what the visits of a period come to, in whatever order they are given.

    Of each local day the earliest one that may count does; of days, as many as the gap lets.
    """
    mine = sorted(
        (visit for visit in visits if period.first <= visit.day <= period.last),
        key=lambda visit: (visit.t_est, visit.visit_id),
    )
    if not mine:
        return NO_VISITS
    managers = _managers(dossier, period)
    verdicts = {visit.visit_id: judge_visit(rule, visit, managers) for visit in mine}
    sure = [visit.day for visit in mine if verdicts[visit.visit_id] is Verdict.COUNTED]
    hoped = sure + [visit.day for visit in mine if verdicts[visit.visit_id] is Verdict.PENDING]
    chosen = spaced(sure, rule.min_gap_days)
    weighed = _settle(mine, verdicts, chosen)
    return Tally(
        counted=tuple(one for one in weighed if one.verdict is Verdict.COUNTED),
        pending=len(spaced(hoped, rule.min_gap_days)) - len(chosen),
        weighed=weighed,
    )


def judge_visit(rule: RuleVersion, visit: VisitFact, managers: frozenset[str]) -> Verdict:
    """Return what a visit is by itself: COUNTED if nothing but other visits speaks against it."""
    if visit.review == CORRECTED:
        return Verdict.AMENDED
    if visit.type not in rule.visit_types:
        return Verdict.WRONG_TYPE
    if visit.visitor not in managers:
        return Verdict.NOT_A_MANAGER
    if visit.content_chars < max(1, rule.min_content_chars):
        return Verdict.NO_CONTENT
    if not visit.has_coordinate:
        return Verdict.NO_COORDINATE
    if visit.review == "rejected":
        return Verdict.REJECTED
    if visit.review == "accepted" or (visit.grade in rule.auto_grades and visit.review not in ("appealed", DOUBTED)):
        return Verdict.COUNTED
    return Verdict.PENDING


def spaced(days: Iterable[date], gap_days: int) -> list[date]:
    """Return the most days that lie `gap_days` or more apart: each as early as it can be."""
    chosen: list[date] = []
    for day in sorted(set(days)):
        if not chosen or (day - chosen[-1]).days >= gap_days:
            chosen.append(day)
    return chosen


def _settle(
    visits: Sequence[VisitFact], verdicts: dict[str, Verdict], chosen: Sequence[date]
) -> tuple[Weighed, ...]:  # fmt: skip
    """Let the first good visit of each chosen day count, and say of other good ones why they do not."""
    open_days, settled = set(chosen), []
    for visit in visits:
        verdict = verdicts[visit.visit_id]
        if verdict is Verdict.COUNTED and visit.day not in open_days:
            verdict = Verdict.SAME_DAY if visit.day in chosen else Verdict.TOO_SOON
        elif verdict is Verdict.COUNTED:
            open_days.discard(visit.day)
        settled.append(Weighed(visit_id=visit.visit_id, visitor=visit.visitor, day=visit.day, verdict=verdict))
    return tuple(settled)


def _managers(dossier: Dossier, period: Period) -> frozenset[str]:
    """Return who was a manager of the customer on any day of the period."""
    stints = (*dossier.owners, *dossier.managers)
    return frozenset(one.staff_no for one in stints if one.first <= period.last and one.last >= period.first)
