"""The duty engine gives what a clerk finds who goes through the sentences of domain-rules.md §6 day by day."""

from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import msgspec
import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from backend.domain.compliance.rules.calendar import is_workday
from backend.domain.compliance.rules.counting import Verdict, tally
from backend.domain.compliance.rules.facts import Dossier, Exemption, Loan, Stint, VisitFact
from backend.domain.compliance.rules.figures import NONE, figures_of, sum_figures
from backend.domain.compliance.rules.periods import Cadence, first_check_of, period_at
from backend.domain.compliance.rules.standing import Status, fulfilled_shares, obligation_of
from backend.domain.compliance.rules.terms import terms_of
from backend.domain.compliance.rules.versions import RuleVersion, rule_in_force
from tests.backend.compliance import chances
from tests.backend.compliance.oracle import clerk

NOVEMBER = "2026-11"


def period_for(rule, dossier, calendar, day):
    if rule.cadence is not Cadence.FIRST_CHECK:
        return period_at(rule.cadence, day, calendar)
    loan = dossier.loans[0] if dossier.loans else None
    return first_check_of(
        loan.loan_id if loan else "l0", loan.opened_on if loan else day, rule.due_workdays, calendar
    )  # fmt: skip


@given(
    chances.rules(), chances.dossiers(), chances.calendars(), chances.visit_lists(), chances.exemptions,
    chances.days, chances.days,
)  # fmt: skip
@settings(max_examples=400)
def test_the_engine_finds_what_the_clerk_finds(rule, dossier, calendar, visits, exemptions, day, as_of):
    period = period_for(rule, dossier, calendar, day)
    found = obligation_of(rule, dossier, period, visits, exemptions, as_of)
    wanted = clerk(
        rule, dossier, period.first, period.last, lambda day: is_workday(calendar, day), visits, exemptions,
        period.last.isoformat()[:7], as_of, check_of=period.loan_id,
    )  # fmt: skip
    if found is None or wanted is None:
        assert (found, wanted) == (None, None)
        return
    event(f"status {found.status}, required {found.terms.required}, shares {len(found.terms.shares)}")
    assert (found.terms.measured_fen, found.terms.required) == (wanted.measured_fen, wanted.required)
    assert {share.owner: share.required for share in found.terms.shares} == wanted.owed
    assert (len(found.tally.counted), found.tally.pending) == (wanted.counted, wanted.pending)
    assert found.status == wanted.status


@given(
    chances.rules(), chances.dossiers(), chances.calendars(), chances.visit_lists(), chances.exemptions,
    chances.days, st.randoms(use_true_random=False),
)  # fmt: skip
@settings(max_examples=200)
def test_no_order_of_arrival_changes_a_duty(rule, dossier, calendar, visits, exemptions, day, random):
    period = period_for(rule, dossier, calendar, day)
    late = list(visits)
    random.shuffle(late)
    first = obligation_of(rule, dossier, period, visits, exemptions, day)
    assert obligation_of(rule, dossier, period, late, exemptions, day) == first


@given(chances.rules(), chances.dossiers(), chances.calendars(), chances.visit_lists(), chances.days)
def test_every_visit_of_a_period_is_explained_and_counted_ones_keep_their_distance(
    rule, dossier, calendar, visits, day
):  # fmt: skip
    period = period_for(rule, dossier, calendar, day)
    found = tally(rule, dossier, period, visits)
    mine = {visit.visit_id for visit in visits if period.first <= visit.day <= period.last}
    assert {one.visit_id for one in found.weighed} == mine
    counted = [one.day for one in found.counted]
    assert all((later - earlier).days >= rule.min_gap_days for earlier, later in pairwise(counted))


@given(chances.rules(), chances.dossiers(), chances.calendars(), chances.visit_lists(), chances.days, chances.days)
def test_shares_add_up_to_one_customer_and_figures_to_one_duty(rule, dossier, calendar, visits, day, as_of):
    period = period_for(rule, dossier, calendar, day)
    found = obligation_of(rule, dossier, period, visits, [], as_of)
    if found is None:
        return
    assert sum(share.required for share in found.terms.shares) == found.terms.required <= rule.min_visits
    paid = fulfilled_shares(found, dossier.owners)
    assert all(paid[share.owner] <= share.required for share in found.terms.shares)
    total = sum_figures(figures_of(found, dossier.owners).values())
    assert total.duties == (found.terms.required > 0)
    assert total.owed == total.required == found.terms.required
    assert total.fulfilled == min(len(found.tally.counted), found.terms.required) >= total.paid
    assert total.credited == len(found.tally.counted)
    assert total.plus(total, -1) == NONE


@given(chances.rules(), chances.dossiers(), chances.calendars(), chances.visit_lists(), chances.days)
def test_one_more_visit_never_makes_a_duty_worse(rule, dossier, calendar, visits, day):
    period = period_for(rule, dossier, calendar, day)
    before, done = 0, 0
    for n in range(len(visits) + 1):
        found = tally(rule, dossier, period, visits[:n])
        assert len(found.counted) >= before
        assert len(found.counted) + found.pending >= done
        before, done = len(found.counted), len(found.counted) + found.pending


def loan(fen: int, **fields) -> Loan:
    opened_on = fields.pop("opened_on", date(2025, 3, 1))
    told = {"loan_id": "l1", "org_id": "3501", "bank_id": "35", "balances": ((opened_on, fen),)}
    return msgspec.convert(told | {"opened_on": opened_on} | fields, Loan)


def obliged(*told):
    found = obligation_of(*told)
    assert found is not None
    return found


def asked(*told):
    terms = terms_of(*told)
    assert terms is not None
    return terms


def in_force(*told):
    rule = rule_in_force(*told)
    assert rule is not None
    return rule


def stint(who: str, first: date = date(2026, 1, 1), last: date = date(2027, 12, 31)) -> Stint:
    return Stint(staff_no=who, portfolio_id="p1", first=first, last=last)


def dossier_of(*loans: Loan, owners: tuple[Stint, ...] = (stint("f1"),)) -> Dossier:
    return Dossier(customer_id="c1", org_id="3501", bank_id="35", loans=loans, owners=owners)


def visit(day: date, who: str = "f1", grade: str = "A", **fields) -> VisitFact:
    told: dict[str, Any] = {"visit_id": f"v{day}{who}", "customer_id": "c1", "visitor": who, "type": "on_site",
            "day": day, "t_est": f"{day}T01:00:00.000Z", "grade": grade, "review": "counted", "content_chars": 40,
            "has_coordinate": True}  # fmt: skip
    return VisitFact(**told | fields)


RULE = RuleVersion(
    rule_id="r1", code="monthly", org_id="35", valid_from_month="2026-01", threshold_fen=50_000_000, min_visits=2
)


@pytest.fixture(scope="module")
def november(calendar_2026):
    return period_at(Cadence.MONTH, date(2026, 11, 10), calendar_2026)


def test_a_balance_equal_to_the_threshold_makes_no_duty(november):
    assert terms_of(RULE, dossier_of(loan(50_000_000)), november) is None
    assert asked(RULE, dossier_of(loan(50_000_001)), november).required == 2


def test_a_loan_of_the_second_half_asks_for_its_part_rounded_up(november):
    started = dossier_of(loan(60_000_000, opened_on=date(2026, 11, 16)))
    terms = asked(RULE, started, november)
    assert (len(november.workdays), terms.eligible_workdays, terms.required) == (21, 11, 2)
    late = asked(RULE, dossier_of(loan(60_000_000, opened_on=date(2026, 11, 25))), november)
    assert (late.eligible_workdays, late.required) == (4, 0)
    whole = msgspec.structs.replace(RULE, is_prorated=False)
    assert asked(whole, dossier_of(loan(60_000_000, opened_on=date(2026, 11, 25))), november).required == 2


def test_a_loan_that_was_settled_asks_for_the_days_before(november):
    settled = dossier_of(loan(60_000_000, settled_on=date(2026, 11, 9)))
    terms = asked(RULE, settled, november)
    assert (terms.eligible_workdays, terms.required) == (5, 1)


def test_a_handed_over_customer_is_one_customer_owed_by_two(november):
    owners = (stint("f1", last=date(2026, 11, 15)), stint("f2", first=date(2026, 11, 16)))
    dossier = dossier_of(loan(60_000_000), owners=owners)
    visits = [visit(date(2026, 11, 3), "f1"), visit(date(2026, 11, 20), "f1")]
    found = obliged(RULE, dossier, november, visits, [], date(2026, 12, 1))
    assert {share.owner: share.required for share in found.terms.shares} == {"f1": 1, "f2": 1}
    assert found.status is Status.DONE
    figures = figures_of(found, owners)
    assert (figures["f1"].credited, figures["f1"].paid, figures["f2"].paid) == (2, 1, 1)
    assert sum(one.duties for one in figures.values()) == 1


def test_of_two_who_had_the_customer_equally_long_the_later_owes_the_odd_visit(calendar_2026):
    october = period_at(Cadence.MONTH, date(2026, 10, 1), calendar_2026)
    owners = (stint("f1", last=date(2026, 10, 19)), stint("f2", first=date(2026, 10, 20)))
    odd = msgspec.structs.replace(RULE, min_visits=3)
    shares = asked(odd, dossier_of(loan(60_000_000), owners=owners), october).shares
    assert [(share.owner, share.workdays, share.required) for share in shares] == [("f1", 9, 1), ("f2", 9, 2)]


def test_a_surplus_with_one_customer_makes_good_for_no_other(november):
    done = obliged(
        RULE, dossier_of(loan(60_000_000)), november, [visit(date(2026, 11, n)) for n in (3, 4, 5, 6)], [],
        date(2026, 12, 1),
    )  # fmt: skip
    short = obliged(RULE, dossier_of(loan(60_000_000)), november, [], [], date(2026, 12, 1))
    total = sum_figures([*figures_of(done, ()).values(), *figures_of(short, ()).values()])
    assert (total.required, total.fulfilled, total.rate, total.share_done) == (4, 2, 0.5, 0.5)


def test_a_doubtful_visit_waits_for_its_review(november):
    dossier, day = dossier_of(loan(60_000_000)), date(2026, 11, 3)
    doubtful = [visit(day), visit(day + timedelta(days=1), grade="D")]
    waiting = obliged(RULE, dossier, november, doubtful, [], date(2026, 12, 1))
    assert (waiting.status, waiting.tally.pending) == (Status.PENDING_REVIEW, 1)
    accepted = [visit(day), visit(day + timedelta(days=1), grade="D", review="accepted")]
    assert obliged(RULE, dossier, november, accepted, [], day).status is Status.DONE
    rejected = [visit(day), visit(day + timedelta(days=1), grade="A", review="rejected")]
    assert obliged(RULE, dossier, november, rejected, [], date(2026, 12, 1)).status is Status.SHORT


def test_who_never_managed_the_customer_fulfils_nothing(november):
    found = tally(RULE, dossier_of(loan(60_000_000)), november, [visit(date(2026, 11, 3), "f9")])
    assert [one.verdict for one in found.weighed] == [Verdict.NOT_A_MANAGER]


def test_a_duty_is_at_risk_when_fewer_than_two_working_days_a_visit_are_left(november):
    dossier = dossier_of(loan(60_000_000))
    by_day = {
        n: obliged(RULE, dossier, november, [], [], date(2026, 11, n)).status for n in (24, 25, 26, 30)
    }  # fmt: skip
    assert by_day == {24: Status.ON_TRACK, 25: Status.ON_TRACK, 26: Status.AT_RISK, 30: Status.AT_RISK}


def test_an_exemption_releases_for_its_months_and_its_duty(november):
    def status_under(**fields):
        one = Exemption(**{"customer_id": "c1", "code": "", "first_month": "2026-11", "last_month": "2026-11"} | fields)
        return obliged(RULE, dossier_of(loan(60_000_000)), november, [], [one], date(2026, 12, 1)).status

    assert status_under() is Status.EXEMPT
    assert status_under(code="monthly") is Status.EXEMPT
    assert status_under(code="weekly") is Status.SHORT
    assert status_under(first_month="2026-10", last_month="2026-10") is Status.SHORT


def test_a_first_check_is_due_within_fifteen_working_days(calendar_2026):
    rule = msgspec.structs.replace(RULE, cadence=Cadence.FIRST_CHECK, min_visits=1)
    period = first_check_of("l1", date(2026, 9, 18), rule.due_workdays, calendar_2026)
    assert period.last == date(2026, 10, 15)  # 20 September and 10 October, at weekends, are worked
    other = loan(60_000_000, loan_id="l2")
    assert asked(rule, dossier_of(loan(60_000_000, opened_on=date(2026, 9, 18)), other), period).required == 1
    assert terms_of(rule, dossier_of(other), period) is None


def test_a_quarter_and_a_week_are_periods_like_a_month(calendar_2026):
    dossier = dossier_of(loan(60_000_000))
    for cadence, name in ((Cadence.QUARTER, "2026-Q4"), (Cadence.WEEK, "2026-W46")):
        period = period_at(cadence, date(2026, 11, 10), calendar_2026)
        rule = msgspec.structs.replace(RULE, cadence=cadence, min_visits=1)
        found = obliged(rule, dossier, period, [visit(date(2026, 11, 12))], [], date(2026, 11, 13))
        assert (period.name, found.status) == (name, Status.DONE)


def test_the_nearest_institution_and_the_newest_month_choose_the_rule():
    def version(rule_id, org_id, since):
        return msgspec.structs.replace(RULE, rule_id=rule_id, org_id=org_id, valid_from_month=since)

    versions = [version("bank", "35", "2026-01"), version("branch", "3501", "2026-06"),
                version("bank-2", "35", "2026-09"), version("bank-2b", "35", "2026-09")]  # fmt: skip
    assert in_force(versions, "monthly", "2026-11", ["3502", "35"]).rule_id == "bank-2b"
    assert in_force(versions, "monthly", "2026-08", ["3502", "35"]).rule_id == "bank"
    assert in_force(versions, "monthly", "2026-11", ["3501", "35"]).rule_id == "branch"
    assert in_force(versions, "monthly", "2026-05", ["3501", "35"]).rule_id == "bank"
    assert rule_in_force(versions, "monthly", "2025-12", ["3501", "35"]) is None
