"""An obligation as it is kept: its numbers, and everything that they open to."""

from collections.abc import Iterable, Mapping
from datetime import date

import msgspec
from msgspec import Struct

from backend.domain.compliance.rules.counting import Tally, Weighed, tally
from backend.domain.compliance.rules.facts import Dossier, Exemption, Stint, VisitFact
from backend.domain.compliance.rules.figures import Figures, figures_of
from backend.domain.compliance.rules.periods import Period
from backend.domain.compliance.rules.standing import Obligation, stand
from backend.domain.compliance.rules.terms import Share, Terms
from backend.domain.compliance.rules.versions import RuleVersion


class Detail(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What an obligation's numbers open to: owners by day, shares, every visit with its verdict, the calendar."""

    workdays: int
    eligible_workdays: int
    shares: tuple[Share, ...] = ()
    owners: tuple[Stint, ...] = ()
    managers: tuple[Stint, ...] = ()
    visits: tuple[Weighed, ...] = ()
    figures: Mapping[str, Figures] = {}
    calendar: str = ""  # its version
    loan_id: str = ""


class Kept(Struct, frozen=True, kw_only=True):
    """One duty of one customer in one period; `month` is the one whose report it stands in."""

    customer_id: str
    period: str
    code: str
    month: str
    org_id: str
    rule_id: str
    owner: str
    first: date
    last: date
    measured_fen: int
    required: int
    counted: int
    pending: int
    status: str
    is_confirmed: bool
    detail: Detail

    @property
    def key(self) -> tuple[str, str, str]:
        """What tells it from every other."""
        return self.customer_id, self.period, self.code


def keep(found: Obligation, dossier: Dossier, calendar: str) -> Kept:
    """Return an obligation with what its numbers open to."""
    period, terms = found.period, found.terms
    owners, managers = clip(dossier.owners, period), clip(dossier.managers, period)
    return Kept(
        customer_id=found.customer_id, period=period.name, code=found.code, month=period.month,
        org_id=found.org_id, rule_id=found.rule_id, owner=terms.owner, first=period.first, last=period.last,
        measured_fen=terms.measured_fen, required=terms.required, counted=len(found.tally.counted),
        pending=found.tally.pending, status=found.status.value, is_confirmed=period.is_confirmed,
        detail=Detail(
            workdays=len(period.workdays), eligible_workdays=terms.eligible_workdays, shares=terms.shares,
            owners=owners, managers=managers, visits=found.tally.weighed, figures=figures_of(found, owners),
            calendar=calendar, loan_id=period.loan_id,
        ),
    )  # fmt: skip


def recount(
    kept: Kept, rule: RuleVersion, visits: Iterable[VisitFact], exemptions: Iterable[Exemption], as_of: date
) -> Kept:  # fmt: skip
    """Return a closed obligation with its visits counted again; what it asks, of whom and by which rule stays."""
    detail = kept.detail
    period = Period(
        name=kept.period, cadence=rule.cadence, first=kept.first, last=kept.last, workdays=(),
        is_confirmed=kept.is_confirmed, loan_id=detail.loan_id,
    )  # fmt: skip
    dossier = Dossier(
        customer_id=kept.customer_id, org_id=kept.org_id, bank_id="", owners=detail.owners, managers=detail.managers
    )  # fmt: skip
    terms = Terms(
        measured_fen=kept.measured_fen, required=kept.required, eligible_workdays=detail.eligible_workdays,
        shares=detail.shares, owner=kept.owner,
    )  # fmt: skip
    counts: Tally = tally(rule, dossier, period, visits)
    found = stand(rule, dossier, period, terms, counts, exemptions, as_of)
    again = msgspec.structs.replace(detail, visits=counts.weighed, figures=figures_of(found, detail.owners))
    return msgspec.structs.replace(
        kept, counted=len(counts.counted), pending=counts.pending, status=found.status.value, detail=again
    )  # fmt: skip


def clip(stints: Iterable[Stint], period: Period) -> tuple[Stint, ...]:
    """Return the parts of stints that lie in a period."""
    return tuple(
        Stint(
            staff_no=one.staff_no, portfolio_id=one.portfolio_id,
            first=max(one.first, period.first), last=min(one.last, period.last),
        )
        for one in stints
        if one.first <= period.last and one.last >= period.first
    )  # fmt: skip
