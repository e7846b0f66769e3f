"""What a duty asks: the measured balance, the visits required, and whose they are (domain-rules.md §6)."""

from collections.abc import Iterable, Sequence
from datetime import date

from msgspec import Struct

from backend.domain.compliance.rules.calendar import DAY
from backend.domain.compliance.rules.facts import Dossier, Loan, Stint
from backend.domain.compliance.rules.periods import Cadence, Period
from backend.domain.compliance.rules.versions import Basis, Measurement, RuleVersion

NOBODY = ""  # owes what falls on days without an owner, so that a customer without a manager stays in sight


class Share(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What one owner owes of one customer's duty."""

    owner: str
    required: int
    workdays: int = 0  # eligible ones on which the customer was theirs


class Terms(Struct, frozen=True, kw_only=True):
    """What one duty of one customer asks in one period."""

    measured_fen: int
    required: int
    eligible_workdays: int
    shares: tuple[Share, ...]
    owner: str  # in whose figures the customer is counted, once


def terms_of(rule: RuleVersion, dossier: Dossier, period: Period) -> Terms | None:
    """Return what a rule asks of a customer in a period, or None if the balance is not above the threshold."""
    loans = loans_of_basis(rule, dossier, period)
    measured_fen = measure(rule, loans, period)
    if measured_fen <= rule.threshold_fen:
        return None
    eligible = eligible_days(rule, loans, period) if rule.is_prorated else [(period.first, period.last)]
    workdays = sum(period.count_workdays(*days) for days in eligible)
    required = required_visits(rule, period, workdays, starts_late=_starts_late(eligible, period))
    shares = split(rule, dossier.owners, period, eligible, required)
    return Terms(
        measured_fen=measured_fen, required=required, eligible_workdays=workdays, shares=shares,
        owner=shares[-1].owner if len(shares) == 1 else _principal(shares),
    )  # fmt: skip


def loans_of_basis(rule: RuleVersion, dossier: Dossier, period: Period) -> list[Loan]:
    """Return the loans whose money counts: of the customer's bank or own institution, or the one to be checked."""
    if rule.basis is Basis.OWN_ORG:
        mine = [loan for loan in dossier.loans if loan.org_id == dossier.org_id]
    else:
        mine = [loan for loan in dossier.loans if loan.bank_id == dossier.bank_id]
    if period.cadence is Cadence.FIRST_CHECK:
        return [loan for loan in mine if loan.loan_id == period.loan_id]
    return mine


def measure(rule: RuleVersion, loans: Sequence[Loan], period: Period) -> int:
    """Return the Fen to hold against the threshold, on the day or days that the rule measures."""
    if rule.measurement is Measurement.MONTH_START:
        return _total(rule, loans, period.first)
    if rule.measurement is Measurement.MONTH_END:
        return _total(rule, loans, period.last)
    return max((_total(rule, loans, day) for day in _change_days(loans, period)), default=0)


def eligible_days(rule: RuleVersion, loans: Sequence[Loan], period: Period) -> list[tuple[date, date]]:
    """Return the stretches of a period in which the running loans are enough for the duty.

    Each loan weighs its highest balance of the period, so that a stretch begins or ends where a loan starts or
    is settled, and no repayment in between shortens it.
    """
    peaks = [(loan, _peak(rule, loan, period)) for loan in loans]
    if all(_runs_through(loan, period) for loan in loans):
        return [(period.first, period.last)]
    days = sorted({period.first} | {day for loan in loans for day in _turns(loan) if period.first < day <= period.last})
    stretches: list[tuple[date, date]] = []
    for first, last in zip(days, [day - DAY for day in days[1:]] + [period.last], strict=True):
        if sum(peak for loan, peak in peaks if loan.runs_on(first)) > rule.threshold_fen:
            stretches.append((first, last))
    return stretches


def required_visits(rule: RuleVersion, period: Period, eligible_workdays: int, *, starts_late: bool) -> int:
    """Return how many visits are asked: the whole number, or its part for a part of the working days, rounded up.

    A duty that begins after the period did, with fewer than `eligible_workdays_min` working days, asks for none;
    nor does a period without a working day.
    """
    workdays = len(period.workdays)
    if not workdays or (starts_late and eligible_workdays < rule.eligible_workdays_min):
        return 0
    if eligible_workdays >= workdays:
        return rule.min_visits
    return -(-rule.min_visits * eligible_workdays // workdays)


def split(
    rule: RuleVersion,
    owners: Sequence[Stint],
    period: Period,
    eligible: Iterable[tuple[date, date]],
    required: int,
) -> tuple[Share, ...]:
    """Return who owes how many of the required visits, in the order in which they were owners; the sum is `required`.

    By eligible working days, whole visits by largest remainder, the later owner first where remainders are equal.
    Who took over within the period with fewer than `eligible_workdays_min` of them left owes nothing, as long as
    somebody else can.
    """
    held = _held_days(owners, period)
    days: dict[str, int] = dict.fromkeys((owner for owner, _, _ in held), 0)
    for first, last in eligible:
        for owner, since, until in held:
            days[owner] += period.count_workdays(max(first, since), min(last, until))
    if len(days) == 1:
        owner, workdays = next(iter(days.items()))
        return (Share(owner=owner, required=required, workdays=workdays),)
    took_over = {owner for owner, since, _ in reversed(held) if since > period.first}
    took_over -= {held[0][0]}
    weights = {
        owner: 0 if owner in took_over and workdays < rule.eligible_workdays_min else workdays
        for owner, workdays in days.items()
    }
    parts = _apportion(required, weights if any(weights.values()) else days)
    return tuple(Share(owner=owner, required=parts[owner], workdays=days[owner]) for owner in days)


def _apportion(whole: int, weights: dict[str, int]) -> dict[str, int]:
    total = sum(weights.values())
    if not total:  # nothing to weigh by: the last owner has it
        return {owner: 0 for owner in weights} | {list(weights)[-1]: whole}
    parts = {owner: whole * weight // total for owner, weight in weights.items()}
    by_remainder = sorted(
        reversed(list(weights)), key=lambda owner: whole * weights[owner] % total, reverse=True
    )  # fmt: skip
    for owner in by_remainder[: whole - sum(parts.values())]:
        parts[owner] += 1
    return parts


def _held_days(owners: Sequence[Stint], period: Period) -> list[tuple[str, date, date]]:
    """Return whose the customer was, day by day through the period, as stretches without a gap."""
    held, day = [], period.first
    for stint in sorted(owners, key=lambda stint: stint.first):
        first, last = max(stint.first, day), min(stint.last, period.last)
        if last < first:
            continue
        if first > day:
            held.append((NOBODY, day, first - DAY))
        held.append((stint.staff_no, first, last))
        day = last + DAY
    if day <= period.last:
        held.append((NOBODY, day, period.last))
    return held


def _principal(shares: Sequence[Share]) -> str:
    """Return who owes most; of equals who had the customer longer, then who had them later."""
    return max(enumerate(shares), key=lambda one: (one[1].required, one[1].workdays, one[0]))[1].owner


def _starts_late(eligible: Sequence[tuple[date, date]], period: Period) -> bool:
    return not eligible or eligible[0][0] > period.first


def _total(rule: RuleVersion, loans: Sequence[Loan], day: date) -> int:
    return sum(_weight(rule, loan, day) for loan in loans if loan.runs_on(day))


def _weight(rule: RuleVersion, loan: Loan, day: date) -> int:
    return loan.contract_fen if rule.basis is Basis.CONTRACT else loan.balance_on(day)


def _peak(rule: RuleVersion, loan: Loan, period: Period) -> int:
    days = [day for day in _change_days([loan], period) if loan.runs_on(day)]
    return max((_weight(rule, loan, day) for day in days), default=0)


def _change_days(loans: Sequence[Loan], period: Period) -> list[date]:
    """Return the days of a period on which any balance may differ from the day before, its first day included."""
    days = {period.first}
    for loan in loans:
        days.update(day for day in _turns(loan) if period.first < day <= period.last)
        days.update(day for day, _ in loan.balances if period.first < day <= period.last)
    return sorted(days)


def _turns(loan: Loan) -> tuple[date, ...]:
    return (loan.opened_on,) if loan.settled_on is None else (loan.opened_on, loan.settled_on)


def _runs_through(loan: Loan, period: Period) -> bool:
    """Say whether a loan runs on every day of a period, or on none."""
    if loan.settled_on is not None and loan.settled_on <= period.first:
        return True
    if loan.opened_on > period.last:
        return True
    return loan.opened_on <= period.first and (loan.settled_on is None or loan.settled_on > period.last)
