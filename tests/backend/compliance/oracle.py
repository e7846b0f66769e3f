"""Visit duty done slowly and obviously, a day at a time, from the sentences of domain-rules.md §6 alone."""

from dataclasses import dataclass, field
from datetime import date, timedelta
from fractions import Fraction
from math import ceil
from typing import Any


@dataclass
class Day:
    """One day of the period as a clerk would write it down."""

    day: date
    is_worked: bool
    running: list[Any] = field(default_factory=list)
    owner: str = ""


@dataclass
class Ruling:
    """What the clerk finds."""

    measured_fen: int
    required: int
    owed: dict[str, int]
    counted: int
    pending: int
    status: str


def clerk(rule, dossier, first, last, worked, visits, exemptions, month, as_of, *, check_of="") -> Ruling | None:
    sheet = write_sheet(rule, dossier, first, last, worked, check_of)
    measured = measured_fen(rule, sheet)
    if not measured > rule.threshold_fen:
        return None
    required, counting_days = required_of(rule, sheet)
    sure, maybe = good_days(rule, dossier, sheet, visits)
    counted = most_apart(sure, rule.min_gap_days)
    pending = most_apart(sure | maybe, rule.min_gap_days) - counted
    return Ruling(
        measured_fen=measured, required=required, owed=owed_by(rule, sheet, counting_days, required),
        counted=counted, pending=pending,
        status=status(rule, dossier, sheet, required, counted, pending, exemptions, month, as_of),
    )  # fmt: skip


def write_sheet(rule, dossier, first, last, worked, check_of):
    sheet, day = [], first
    while day <= last:
        line = Day(day, worked(day))
        for loan in dossier.loans:
            in_basis = loan.org_id == dossier.org_id if rule.basis == "own_org" else loan.bank_id == dossier.bank_id
            started = day >= loan.opened_on
            settled = loan.settled_on is not None and day >= loan.settled_on
            if in_basis and started and not settled and check_of in ("", loan.loan_id):
                line.running.append(loan)
        for stint in dossier.owners:
            if stint.first <= day <= stint.last:
                line.owner = stint.staff_no
        sheet.append(line)
        day += timedelta(days=1)
    return sheet


def money(rule, loan, day):
    if rule.basis == "contract":
        return loan.contract_fen
    known = [fen for since, fen in loan.balances if since <= day]
    return known[-1] if known else loan.balances[0][1]


def measured_fen(rule, sheet):
    by_day = [sum(money(rule, loan, line.day) for loan in line.running) for line in sheet]
    return {"month_start": by_day[0], "month_end": by_day[-1], "max_in_month": max(by_day)}[rule.measurement]


def required_of(rule, sheet):
    """The visits asked, and the days on which somebody could be asked for them."""
    if not rule.is_prorated:
        return (rule.min_visits if any(line.is_worked for line in sheet) else 0), sheet
    highest: dict[str, int] = {}
    for line in sheet:
        for loan in line.running:
            highest[loan.loan_id] = max(highest.get(loan.loan_id, 0), money(rule, loan, line.day))
    eligible = [line for line in sheet if sum(highest[loan.loan_id] for loan in line.running) > rule.threshold_fen]
    worked, workdays = sum(line.is_worked for line in eligible), sum(line.is_worked for line in sheet)
    if workdays == 0:
        return 0, eligible
    began_in_the_month = sheet[0] not in eligible
    if began_in_the_month and worked < rule.eligible_workdays_min:
        return 0, eligible
    return min(rule.min_visits, ceil(Fraction(rule.min_visits * worked, workdays))), eligible


def owed_by(rule, sheet, counting_days, required):
    """Split by days; the sum is one customer's duty."""
    order = list(dict.fromkeys(line.owner for line in sheet))
    days = {owner: sum(line.is_worked for line in counting_days if line.owner == owner) for owner in order}
    if len(order) > 1:
        fair = {
            owner: 0 if owner != order[0] and days[owner] < rule.eligible_workdays_min else days[owner]
            for owner in order
        }
        days = fair if any(fair.values()) else days
    if not any(days.values()):
        return {owner: required if owner == order[-1] else 0 for owner in order}
    exact = {owner: Fraction(required * days[owner], sum(days.values())) for owner in order}
    owed = {owner: int(exact[owner]) for owner in order}
    while sum(owed.values()) < required:
        left = {owner: exact[owner] - owed[owner] for owner in order}
        owed[[owner for owner in order if left[owner] == max(left.values())][-1]] += 1
    return owed


def good_days(rule, dossier, sheet, visits):
    days = {line.day for line in sheet}
    around = {
        stint.staff_no
        for stint in [*dossier.owners, *dossier.managers]
        for day in days
        if stint.first <= day <= stint.last
    }
    sure, maybe = set(), set()
    for visit in visits:
        holds = (
            visit.day in days
            and visit.visitor in around
            and visit.type in rule.visit_types
            and visit.content_chars > 0
            and visit.content_chars >= rule.min_content_chars
            and visit.has_coordinate
            and visit.review not in ("rejected", "corrected")
        )
        if holds and (visit.review == "accepted" or (visit.grade in rule.auto_grades and visit.review != "doubted")):
            sure.add(visit.day)
        elif holds:
            maybe.add(visit.day)
    return sure, maybe


def most_apart(days, gap):
    """The most days of a set that lie `gap` apart, by trying for every day what came before it."""
    best: dict[date, int] = {}
    for day in sorted(days):
        best[day] = 1 + max((n for other, n in best.items() if (day - other).days >= gap), default=0)
    return max(best.values(), default=0)


def status(rule, dossier, sheet, required, counted, pending, exemptions, month, as_of):
    for one in exemptions:
        in_force = one.first_month <= month <= one.last_month
        if one.customer_id == dossier.customer_id and one.code in ("", rule.code) and in_force:
            return "exempt"
    if counted >= required:
        return "done"
    if counted + pending >= required:
        return "pending_review"
    if as_of > sheet[-1].day:
        return "short"
    left = sum(line.is_worked for line in sheet if line.day >= as_of)
    return "at_risk" if left < 2 * (required - counted) else "on_track"
