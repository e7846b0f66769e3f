"""How a duty stands: done, on its way, at risk, short, waiting for a review, or exempt (domain-rules.md §6)."""

from collections.abc import Iterable
from datetime import date
from enum import StrEnum

from msgspec import Struct

from backend.domain.compliance.rules.counting import Tally, tally
from backend.domain.compliance.rules.facts import Dossier, Exemption, Stint, VisitFact
from backend.domain.compliance.rules.periods import Period
from backend.domain.compliance.rules.terms import NOBODY, Share, Terms, terms_of
from backend.domain.compliance.rules.versions import RuleVersion


class Status(StrEnum):
    """How a duty stands on a day."""

    DONE = "done"
    ON_TRACK = "on_track"
    AT_RISK = "at_risk"
    SHORT = "short"
    PENDING_REVIEW = "pending_review"
    EXEMPT = "exempt"


class Obligation(Struct, frozen=True, kw_only=True):
    """One duty of one customer in one period, as it stands."""

    customer_id: str
    org_id: str
    rule_id: str
    code: str
    period: Period
    terms: Terms
    tally: Tally
    status: Status

    @property
    def fulfilled(self) -> int:
        """Visits that count, up to what is asked: more is no compensation for another customer."""
        return min(len(self.tally.counted), self.terms.required)


def obligation_of(
    rule: RuleVersion,
    dossier: Dossier,
    period: Period,
    visits: Iterable[VisitFact],
    exemptions: Iterable[Exemption],
    as_of: date,
) -> Obligation | None:
    """Return a customer's duty under a rule in a period as it stands on `as_of`, or None if there is none."""
    terms = terms_of(rule, dossier, period)
    if terms is None:
        return None
    return stand(rule, dossier, period, terms, tally(rule, dossier, period, visits), exemptions, as_of)


def stand(
    rule: RuleVersion,
    dossier: Dossier,
    period: Period,
    terms: Terms,
    counts: Tally,
    exemptions: Iterable[Exemption],
    as_of: date,
) -> Obligation:
    """Return the duty with these terms and visits."""
    is_exempt = any(
        one.customer_id == dossier.customer_id and one.covers(rule.code, period.month) for one in exemptions
    )
    return Obligation(
        customer_id=dossier.customer_id, org_id=dossier.org_id, rule_id=rule.rule_id, code=rule.code,
        period=period, terms=terms, tally=counts,
        status=Status.EXEMPT if is_exempt else status_of(terms.required, counts, period, as_of),
    )  # fmt: skip


def status_of(required: int, counts: Tally, period: Period, as_of: date) -> Status:
    """Return how a duty without exemption stands on `as_of`, which still counts as a day to work on."""
    missing = required - len(counts.counted)
    if missing <= 0:
        return Status.DONE
    if missing <= counts.pending:
        return Status.PENDING_REVIEW
    if as_of > period.last:
        return Status.SHORT
    remaining_workdays = period.count_workdays(as_of, period.last)
    return Status.AT_RISK if remaining_workdays < 2 * missing else Status.ON_TRACK


def fulfilled_shares(obligation: Obligation, owners: Iterable[Stint]) -> dict[str, int]:
    """Return how much of each owner's share is fulfilled, by whoever made the visits on the owner's days.

    One owner's surplus is no compensation for another's gap.
    """
    held = list(owners)
    made = [_owner_on(held, one.day) for one in obligation.tally.counted]
    return {share.owner: min(share.required, made.count(share.owner)) for share in obligation.terms.shares}


def share_of(obligation: Obligation, owner: str) -> Share | None:
    """Return what somebody owes of a duty, or None."""
    return next((share for share in obligation.terms.shares if share.owner == owner), None)


def _owner_on(owners: Iterable[Stint], day: date) -> str:
    return next((stint.staff_no for stint in owners if stint.first <= day <= stint.last), NOBODY)
