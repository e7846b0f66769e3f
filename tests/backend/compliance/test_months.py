"""Months on a real database: open, closed twice, revised with a reason, and never judged by a later rule."""

from datetime import date, timedelta
from shutil import copy

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete

from backend.app import PROJECTIONS
from backend.domain.compliance.jobs import closing
from backend.domain.compliance.queries import obligations
from backend.domain.compliance.rules.closing import MonthState
from backend.domain.compliance.rules.periods import Cadence
from backend.domain.compliance.rules.versions import RuleVersion
from backend.domain.handoffs import duty
from backend.domain.staff.models import assignment
from backend.storage.engine import make_engine
from backend.storage.sql_store import SqlStore
from sync.store import Stored, Write
from tests.backend.compliance.branch import Branch, customer_id, noon, sum_figures

NOVEMBER, DECEMBER = "2026-11", "2026-12"
RULE = RuleVersion(
    rule_id="r1", code="monthly", org_id="35", valid_from_month="2026-11", threshold_fen=50_000_000, min_visits=2
)
WEEKLY = msgspec.structs.replace(RULE, rule_id="r2", code="weekly", cadence=Cadence.WEEK, min_visits=1)
CHECK = msgspec.structs.replace(RULE, rule_id="r3", code="first_check", cadence=Cadence.FIRST_CHECK, min_visits=1)


def november(day: int) -> date:
    return date(2026, 11, day)


@pytest.fixture
def lent(branch):
    """Two customers of f1 who owe enough, and one who owes just the threshold."""
    branch.rule(RULE)
    for n, fen in ((1, 60_000_000), (2, 90_000_000), (3, 50_000_000)):
        branch.customer(n, november(1))
        branch.owes(n, november(1), fen)
    branch.refresh(november(2))
    return branch


def total(branch, month, revision=0):
    return sum_figures(branch.figures(month, revision).values())


def test_a_visit_touches_one_duty_and_the_tablet_sees_it(lent):
    assert {slip["status"] for slip in lent.slips("p1").values()} == {"on_track"}
    lent.visit(1, november(3))
    slips = lent.slips("p1")
    assert len(slips) == 2
    assert (slips[f"{customer_id(1)}:monthly"]["counted"], slips[f"{customer_id(2)}:monthly"]["counted"]) == (1, 0)
    assert slips[f"{customer_id(1)}:monthly"]["due_by"] == "2026-11-30"
    assert (total(lent, NOVEMBER).required, total(lent, NOVEMBER).fulfilled) == (4, 1)


def test_a_month_closes_provisionally_as_it_ends_and_finally_after_three_working_days(lent):
    lent.visit(1, november(3))
    assert lent.close(november(30)) == (["2026-10"], ["2026-10"])
    assert lent.close(date(2026, 12, 1)) == ([NOVEMBER], [])
    lent.visit(1, november(5), arrives=date(2026, 12, 2))
    assert lent.close(date(2026, 12, 3)) == ([], [])
    assert lent.close(date(2026, 12, 4)) == ([], [NOVEMBER])
    assert [one.cause for one in lent.revisions(NOVEMBER)] == ["provisional", "final"]
    assert [total(lent, NOVEMBER, revision).fulfilled for revision in (1, 2)] == [1, 2]
    assert lent.close(date(2026, 12, 4)) == ([], [])


def test_a_visit_after_the_close_is_a_revision_and_the_old_numbers_stay(lent):
    lent.close(date(2026, 12, 1))
    lent.close(date(2026, 12, 4))
    lent.visit(2, november(12), arrives=date(2026, 12, 9))
    (_, _, late) = lent.revisions(NOVEMBER)
    assert (late.revision, late.cause, late.reason) == (3, "late_visit", "v-2-2026-11-12")
    assert [total(lent, NOVEMBER, revision).fulfilled for revision in (0, 1, 2, 3)] == [1, 0, 0, 1]
    none = ("", "", "")
    (change,) = lent.store.read(
        lambda look: obligations.list_changes(look.connection, NOVEMBER, 3, ["3501"], none, 10)
    )  # fmt: skip
    assert (change.before.counted, change.after.counted) == (0, 1)
    lent.visit(2, november(12), arrives=date(2026, 12, 10))
    assert len(lent.revisions(NOVEMBER)) == 3


def test_a_rule_that_comes_later_judges_a_closed_month_only_when_somebody_says_so(lent):
    lent.close(date(2026, 12, 1))
    lent.close(date(2026, 12, 4))
    lent.rule(msgspec.structs.replace(RULE, rule_id="r9", min_visits=1), at="2026-12-05")
    lent.visit(1, november(12), arrives=date(2026, 12, 9))
    lent.refresh(date(2026, 12, 9))
    assert {kept.rule_id for kept in lent.kept(NOVEMBER)} == {"r1"}
    assert {kept.required for kept in lent.kept(DECEMBER)} == {1}
    number = closing.recalculate_month(lent.parts, NOVEMBER, "board's decision 7", "admin", noon(date(2026, 12, 10)))
    assert [(one.revision, one.cause, one.reason) for one in lent.revisions(NOVEMBER)][-1] == (
        number, "recalculation", "board's decision 7",
    )  # fmt: skip
    assert (total(lent, NOVEMBER).required, total(lent, NOVEMBER, 2).required) == (2, 4)
    assert lent.figures(NOVEMBER) == lent.summed(NOVEMBER)


def test_a_month_that_nobody_closed_in_time_is_closed_when_the_server_is_back(lent):
    lent.refresh(date(2026, 12, 2))
    assert lent.close(date(2027, 1, 20)) == (["2026-10", NOVEMBER, DECEMBER], ["2026-10", NOVEMBER, DECEMBER])
    states = lent.store.read(lambda look: obligations.load_months(look.connection))
    assert {row.month: row.state for row in states}["2027-01"] is MonthState.OPEN


def test_a_year_without_a_calendar_closes_with_a_warning(lent):
    lent.refresh(date(2027, 1, 5))
    january = lent.kept("2027-01")
    assert january
    assert not any(kept.is_confirmed for kept in january)
    assert total(lent, "2027-01").unconfirmed == 2
    assert not any(slip["is_calendar_confirmed"] for slip in lent.slips("p1").values())


def test_a_portfolio_handed_over_takes_its_duties_along(lent):
    def hand_over(unit):
        unit.connection.execute(delete(assignment).where(assignment.c.staff_no == "f1"))
        lent.hold(unit.connection, "f1", "p1", date(2024, 1, 1), november(16))
        lent.hold(unit.connection, "f2", "p1", november(16))

    lent.store.write(hand_over)
    lent.visit(1, november(18), visitor="f2")
    lent.refresh(november(18))
    (mine, _) = lent.kept(NOVEMBER)
    assert {share.owner: share.required for share in mine.detail.shares} == {"f1": 1, "f2": 1}
    assert {slip["owner"] for slip in lent.slips("p1").values()} == {"f2"}
    assert lent.figures(NOVEMBER)["3501", "f2", "monthly"].paid == 1


def test_a_customer_who_repaid_leaves_the_list_of_duties(lent):
    lent.owes(1, november(2), 0)
    lent.owes(1, november(1), 0)
    lent.refresh(november(3))
    assert list(lent.slips("p1")) == [f"{customer_id(2)}:monthly"]
    assert len(lent.kept(NOVEMBER)) == 1


def test_a_graded_visit_counts_in_the_transaction_that_grades_it(lent):
    grade = {
        "author": "f1", "customer_id": customer_id(1), "local_date": "2026-11-20", "at": "2026-11-20T02:00:00.000Z",
        "grade": "C", "review_state": "pending", "content_chars": 30, "has_coordinate": True, "points": 3,
    }  # fmt: skip
    for version, state in enumerate(("pending", "accepted"), start=1):
        body = msgspec.json.encode(grade | {"review_state": state})
        write = Write(before=None, after=Stored(kind="visit_grade", id="v1", version=version, body=body))
        puts = lent.store.write(lambda unit, write=write: duty.on_visits(unit, [write], "2026-11-20T03:00:00.000Z"))
        assert [(put.body["counted"], put.body["pending"]) for put in puts] == [(version - 1, 2 - version)]
    assert total(lent, NOVEMBER).credited == 1


visits = st.lists(
    st.tuples(
        st.integers(1, 3), st.integers(0, 29), st.sampled_from(["f1", "f1", "f2"]), st.sampled_from("AACD"),
        st.sampled_from(["counted", "accepted"]), st.integers(0, 25),
    ),
    max_size=14, unique_by=lambda one: one[:2],
)  # fmt: skip
loans = st.lists(
    st.tuples(st.integers(1, 3), st.integers(0, 28), st.sampled_from([0, 40, 60, 80]), st.integers(0, 40)), max_size=6
)
moves = st.lists(st.tuples(st.integers(1, 3), st.integers(0, 29), st.sampled_from(["p1", "p2", None])), max_size=3)


@pytest.fixture(scope="module")
def shared_store(tmp_path_factory, migrated_file):
    """One SQLite file for many random months; a branch begins by emptying it."""
    file = copy(migrated_file, tmp_path_factory.mktemp("months"))
    with SqlStore(make_engine(f"sqlite:///{file}"), PROJECTIONS) as store:
        yield store


def live_through(store, calendar, loans, moves, visits, *, is_late):
    """November and December till Christmas, with visits on their days or whenever they come."""
    branch = Branch(store, calendar)
    for rule in (RULE, WEEKLY, CHECK):
        branch.rule(rule)
    start = november(1)
    for n in (1, 2, 3):
        branch.customer(n, start)
    for n, offset, millions, age in loans:
        day = start + timedelta(days=offset)
        opened_on = start - timedelta(days=age - 15)
        branch.owes(n, day, millions * 1_000_000, loan=f"l{n}{age}", opened_on=min(opened_on, day))
    for n, offset, portfolio in moves:
        branch.customer(n, start + timedelta(days=offset), host=portfolio)
    arrivals = sorted(
        (offset + (delay if is_late else 0), n, offset, who, grade, review)
        for n, offset, who, grade, review, delay in visits
    )
    for today in range(55):
        day = start + timedelta(days=today)
        for _, n, offset, who, grade, review in [one for one in arrivals if one[0] == today]:
            branch.visit(n, start + timedelta(days=offset), arrives=day, visitor=who, grade=grade, review=review)
        if today in (0, 20, 30, 33, 34):
            branch.close(day)
            branch.refresh(day)
    return branch


@given(loans, moves, visits)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_late_visits_give_the_same_month_as_visits_in_time_and_as_judging_everything_anew(
    shared_store, calendar_2026, loans, moves, visits
):  # fmt: skip
    months, end = ["2026-10", NOVEMBER, DECEMBER], date(2026, 12, 26)
    ends = []
    for is_late in (False, True):
        branch = live_through(shared_store, calendar_2026, loans, moves, visits, is_late=is_late)
        branch.refresh(end)
        assert branch.judged_anew(months, end) == []
        assert all(branch.figures(month) == branch.summed(month) for month in months)
        newest = {month: branch.revisions(month) for month in months}
        for month in months:
            if newest[month]:
                assert branch.figures(month, newest[month][-1].revision) == branch.figures(month)
        ends.append(({month: branch.kept(month) for month in months}, {m: branch.figures(m) for m in months}))
    assert ends[0] == ends[1]
