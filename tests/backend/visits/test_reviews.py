"""Reviews of visits on both databases: the queue, decisions by the right person, replies from tablets, duty."""

from datetime import UTC, date, datetime
from importlib import import_module

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import delete, select

from backend.app import PROJECTIONS
from backend.domain.compliance.jobs.closing import Parts, close_month_final, close_month_provisional, refresh_duties
from backend.domain.compliance.queries import facts, obligations, setup
from backend.domain.compliance.queries.facts import LoanFact
from backend.domain.compliance.queries.setup import KeptRule
from backend.domain.compliance.rules.versions import RuleVersion
from backend.domain.handoffs import list_reactions
from backend.domain.handoffs.duty import SOURCES
from backend.domain.orgs.queries import OrgRow, add_org
from backend.domain.staff.models import assignment, staff
from backend.domain.staff.queries import add_portfolio
from backend.domain.visits.models import visit, visit_review, visit_trace
from backend.domain.visits.queries import Picked
from backend.domain.visits.rules.thresholds import Thresholds
from backend.migrations import migrate
from backend.registry import KINDS
from backend.settings import Settings
from backend.storage.engine import make_engine
from backend.storage.reactions import Reactions
from backend.storage.sql_store import SqlStore
from backend.storage.tables import audit_entry, membership, record
from backend.sync_api.duty.scores import Asked, ScoreDesk, weights_of
from backend.sync_api.visits.deeds import VisitDeeds
from backend.sync_api.visits.desk import VisitDesk
from contracts.visits import VisitDecision
from sync.errors import AlreadyDecided, Malformed, NotFound, OwnWork, VisitChanged
from sync.kind import Actor
from sync.store import Key
from tests.backend.visits.field import CUSTOMER, Field, Pad
from tests.support.postgres import migrated_template, postgres, postgres_url
from tests.sync.store_cases import run_together

__all__ = ["migrated_template", "postgres", "postgres_url"]

FRIDAY = "2026-11-20T02:00:00Z"
SECRETIVE = "林小燕在家，电话13859900001，欠款三十万"
BOSS, SECOND, BRANCH, STRANGER = (
    Actor(install_id="", staff_no=who, org_id=org_id, roles=frozenset({"supervisor"}))
    for who, org_id in (("s1", "35"), ("s2", "FJ"), ("s3", "3501"), ("s4", "36"))
)


class Office(Field):
    """A field with a tree of institutions, a duty of one visit a month, and the supervisors' desks."""

    def __init__(self, store: SqlStore) -> None:
        store.write(self._found)
        super().__init__(store)
        self.desk = VisitDesk(store, Thresholds())
        self.deeds = VisitDeeds(self.engine, store)
        self.parts = Parts(store, KINDS, SOURCES)

    def _found(self, unit):
        connection = unit.connection
        for org_id, level, parent in (
            ("FJ", "union", None), ("35", "bank", "FJ"), ("3501", "branch", "35"), ("36", "bank", "FJ"),
        ):  # fmt: skip
            add_org(connection, OrgRow(org_id=org_id, name=org_id, level=level, parent=parent))
        add_portfolio(connection, "p1", "3501")
        person = {"staff_no": "m1", "name": "某人", "org_id": "3501", "roles": "field_manager",
                  "password_hash": "", "password_changed_at": "", "created_at": ""}  # fmt: skip
        connection.execute(staff.insert().values(person))
        since = "2025-01-01T00:00:00.000Z"
        connection.execute(assignment.insert().values(staff_no="m1", bucket="portfolio:p1", from_at=since))
        rule = RuleVersion(
            rule_id="r1", code="monthly", org_id="35", valid_from_month="2026-11", threshold_fen=1, min_visits=1
        )  # fmt: skip
        setup.add_rule(connection, KeptRule(rule=rule, note="", added_by="a", added_at=since))

    def lend(self):
        """Let the customer owe enough for a visit in November."""
        fact = LoanFact(
            loan_id="l1", customer_id=CUSTOMER, org_id="3501", opened_on=date(2025, 5, 1), day=date(2026, 10, 1),
            balance_fen=100,
        )  # fmt: skip
        self.store.write(lambda unit: facts.note_loans(unit.connection, [fact]))
        refresh_duties(self.parts, self.clock.at)

    def odd_visit(self, pad, at=FRIDAY, north_m=2000, **told):
        id = pad.visit(at, north_m=north_m, **told)
        pad.push()
        return id

    def decide(self, actor, id, decision, reason="理由", version=None):
        said = VisitDecision(decision=decision, reason=reason, version=version or self.version(id))
        return self.deeds.decide(actor, id, said)

    def queue(self, actor=BOSS, state="open", after=None, limit=50, **picked):
        return self.desk.reviews(actor, state, Picked(**picked), org_id=None, after=after, limit=limit)

    def waiting(self, actor=BOSS, **picked):
        return [item.visit_id for item in self.queue(actor, **picked).items]

    def duty(self):
        found = obligations.list_obligations
        (kept,) = self.store.read(lambda look: found(look.connection, [], None, 10))
        return kept.counted, kept.pending, kept.status

    def pulled(self, kind):
        rows = self.store.read(lambda look: look.rows("visits:m1", 0, 100))
        return {row.id: KINDS[kind].read(row.body) for row in rows if row.kind == kind}


@pytest.fixture(params=["sqlite", "postgresql"])
def office(request, tmp_path):
    url = f"sqlite:///{tmp_path}/padsync.db"
    if request.param == "sqlite":
        migrate(url)
    else:
        url = request.getfixturevalue("postgres_url")
    with SqlStore(make_engine(url), PROJECTIONS, reactions=Reactions(KINDS, list_reactions(Settings()))) as store:
        yield Office(store)


def test_what_waits_is_seen_from_the_branch_the_bank_and_the_union_and_from_nowhere_else(office):
    pad = Pad(office)
    odd, _ = office.odd_visit(pad), pad.visit("2026-11-20T05:00:00Z")
    pad.push()
    assert [office.waiting(actor) for actor in (BRANCH, BOSS, SECOND, STRANGER)] == [[odd], [odd], [odd], []]
    for actor, id in ((STRANGER, odd), (BOSS, CUSTOMER)):
        with pytest.raises(NotFound):
            office.desk.review(actor, id)
    with pytest.raises(NotFound):
        office.decide(STRANGER, odd, "accept")


def test_an_accepted_visit_leaves_the_queue_counts_and_is_told_to_its_author(office):
    office.lend()
    odd = office.odd_visit(Pad(office))
    assert office.duty() == (0, 1, "pending_review")
    item = office.decide(BOSS, odd, "accept", "客户在邻村摆摊")
    assert (item.review_state, item.deeds, office.waiting()) == ("accepted", [], [])
    assert office.duty() == (1, 0, "done")
    told = office.pulled("visit_grade")[odd]
    assert (told["review_state"], told["reviewed_by"], told["review_reason"]) == ("accepted", "s1", "客户在邻村摆摊")
    assert "计入走访" in told["steps"][0]["zh"]


def test_a_question_and_its_answer_travel_by_the_tablet(office):
    pad = Pad(office)
    odd = office.odd_visit(pad)
    office.decide(BOSS, odd, "ask", "为什么在两公里外？")
    assert office.pulled("visit_grade")[odd]["steps"][-1]["text"] == "为什么在两公里外？"
    reply = pad.reply(odd, "answer", "客户搬家了")
    again = pad.reply(odd, "answer", "再说一次")
    assert {outcome.status for outcome in pad.push()} == {"applied"}
    (item,) = office.queue(state="open").items
    assert (item.review_state, [step.deed for step in item.steps]) == ("answered", ["ask", "answer"])
    assert item.steps[-1].text == "客户搬家了"
    said = office.pulled("visit_reply")
    assert (said[reply]["outcome"], said[again]["outcome"]) == ("taken", "not_asked")
    assert said[reply]["zh"]


def test_an_appeal_written_without_a_line_reopens_the_visit_for_somebody_else(office):
    office.lend()
    pad = Pad(office)
    odd = office.odd_visit(pad)
    office.decide(BOSS, odd, "reject", "位置不符")
    assert office.duty() == (0, 0, "on_track")
    pad.reply(odd, "appeal", "定位漂移")
    assert office.waiting() == []
    pad.push()
    assert office.waiting() == [odd]
    assert office.duty() == (0, 1, "pending_review")
    with pytest.raises(OwnWork):
        office.decide(BOSS, odd, "accept")
    item = office.decide(SECOND, odd, "accept", "")
    assert (item.review_state, office.waiting(), office.duty()) == ("accepted", [], (1, 0, "done"))
    assert [step.by for step in item.steps] == ["s1", "m1", "s2"]
    twice = pad.reply(odd, "appeal")
    pad.push()
    assert office.pulled("visit_reply")[twice]["outcome"] == "appealed_before"


def test_another_person_can_not_speak_for_the_visitor(office):
    odd = office.odd_visit(Pad(office))
    office.decide(BOSS, odd, "reject")
    stranger = Pad(office, staff_no="m2", boot="b9")
    stranger.reply(odd, "appeal")
    (outcome,) = stranger.push()
    assert (outcome.status, outcome.problem and outcome.problem.code) == ("parked", "not_in_scope")
    assert office.grade(odd)["review_state"] == "rejected"


def test_nobody_reviews_the_own_visit(office):
    odd = office.odd_visit(Pad(office, staff_no="s1"))
    (item,) = office.queue().items
    assert item.deeds == []
    with pytest.raises(OwnWork):
        office.decide(BOSS, odd, "accept")
    assert office.decide(SECOND, odd, "accept").review_state == "accepted"


def test_the_same_decision_again_gets_the_same_answer_and_changes_nothing(office):
    odd = office.odd_visit(Pad(office))
    first = office.decide(BOSS, odd, "reject", version=1)
    assert office.decide(BOSS, odd, "reject", version=1) == first
    assert len(first.steps) == 1
    with pytest.raises(AlreadyDecided):
        office.decide(BOSS, odd, "accept", version=1)


def test_of_decisions_at_once_one_stands_and_the_others_are_told_who_was_first(office):
    odd = office.odd_visit(Pad(office))
    told, actors = [], [BOSS, SECOND, BRANCH]

    def decide(n):
        try:
            told.append(office.decide(actors[n], odd, ("accept", "reject", "ask")[n], version=1).steps[0].by)
        except AlreadyDecided as refused:
            told.append(refused.args_of_problem)

    run_together(3, decide)
    (winner,) = [one for one in told if isinstance(one, str)]
    assert {one["by"] for one in told if not isinstance(one, str)} == {winner}
    assert [step["by"] for step in office.grade(odd)["steps"]] == [winner]


def test_a_visit_that_moved_since_somebody_looked_is_looked_at_again(office):
    pad = Pad(office)
    odd = office.odd_visit(pad)
    office.decide(BOSS, odd, "ask")
    pad.reply(odd, "answer")
    pad.push()
    with pytest.raises(VisitChanged):
        office.decide(BOSS, odd, "accept", version=2)
    assert office.decide(BOSS, odd, "accept").review_state == "accepted"


def test_a_rejection_and_a_question_need_words(office):
    odd = office.odd_visit(Pad(office))
    for decision in ("reject", "ask"):
        with pytest.raises(Malformed):
            office.decide(BOSS, odd, decision, "  ")
        with pytest.raises(Malformed):
            office.decide(BOSS, odd, decision, "密码：123456")
    assert office.grade(odd)["steps"] == []


def test_a_closed_month_gets_a_revision_and_keeps_the_numbers_of_before(office):
    office.lend()
    odd = office.odd_visit(Pad(office))
    for day in (1, 4):
        office.clock.at = datetime(2026, 12, day, 4, tzinfo=UTC)
        close_month_provisional(office.parts, office.clock.at)
        close_month_final(office.parts, office.clock.at)
    office.decide(BOSS, odd, "accept")
    revisions = office.store.read(lambda look: obligations.list_revisions(look.connection, "2026-11", 0, 10))
    assert [(one.cause, one.reason) for one in revisions][2:] == [("review", odd)]
    figures = [
        office.store.read(lambda look, n=n: obligations.load_figures(look.connection, "2026-11", ["3501"], n))
        for n in (2, 3)
    ]
    assert [sum(row[3].fulfilled for row in rows) for rows in figures] == [0, 1]


def test_the_audit_names_every_decision_and_no_word_of_it(office):
    pad = Pad(office)
    odd = office.odd_visit(pad, content=SECRETIVE)
    office.decide(BOSS, odd, "ask", SECRETIVE)
    pad.reply(odd, "answer", SECRETIVE)
    pad.push()
    office.decide(BOSS, odd, "reject", SECRETIVE)
    entries = office.store.read(lambda look: look.connection.execute(select(audit_entry)).all())
    told = [(row.action, row.result) for row in entries if row.stream == "org:3501"]
    assert told == [("review_visit", "ask"), ("visit_answer", "taken"), ("review_visit", "reject")]
    assert not any(word in str(entries) for word in ("林小燕", "1385990", "三十万"))


def test_a_record_opens_to_fixes_places_duties_and_history_and_masks_who_was_met(office):
    office.lend()
    odd = office.odd_visit(Pad(office), content=SECRETIVE, people_met=["陈大文"])
    office.decide(BOSS, odd, "ask")
    record = office.desk.review(BRANCH, odd)
    assert {(fix.event, fix.verdict, fix.place) for fix in record.fixes} == {
        ("check_in", "OUTSIDE", "shop"), ("check_out", "OUTSIDE", "shop"),
    }  # fmt: skip
    assert all(1900 < fix.distance_m < 2100 for fix in record.fixes)
    assert [(place.label, place.radius_m) for place in record.places] == [("shop", 300)]
    assert [(duty.code, duty.verdict, duty.status) for duty in record.duties] == [
        ("monthly", "pending", "pending_review")
    ]
    assert (record.people_met, record.item.customer_name) == (["陈*文"], "林*燕")
    assert "13859900001" not in record.content
    assert [step.deed for step in record.item.steps] == ["ask"]


def test_a_regrade_keeps_what_people_have_said(office):
    early, late = Pad(office, boot="b1"), Pad(office, boot="b2")
    odd = office.odd_visit(early, at="2026-11-20T03:00:00Z")
    office.decide(BOSS, odd, "ask")
    points = office.grade(odd)["points"]
    office.odd_visit(late, at="2026-11-20T02:40:00Z", north_m=200_000, stay_s=600)
    assert office.grade(odd)["points"] > points
    assert [step["deed"] for step in office.grade(odd)["steps"]] == ["ask"]
    assert office.grade(odd)["review_state"] == "asked"


def test_pages_and_filters_show_each_waiting_visit_once_in_the_queues_order(office):
    pad, other = Pad(office), Pad(office, staff_no="m2", boot="b7")
    for n, north_m in enumerate((2000, 400, 330, 2000, 310, 360)):
        office.odd_visit((pad, other)[n % 2], f"2026-11-{10 + n}T02:00:00Z", north_m)
    whole = office.queue().items
    keys = [(item.probability, -item.points, item.at) for item in whole]
    assert len(keys) > 3
    assert keys == sorted(keys)
    paged, after = [], None
    while True:
        page = office.queue(after=after, limit=2)
        paged += page.items
        if (after := page.next) is None:
            break
    assert paged == whole
    assert office.waiting(author="m2") == [item.visit_id for item in whole if item.author == "m2"]
    assert office.waiting(grade="D") == [item.visit_id for item in whole if item.grade == "D"]
    flag = next(flag.code for item in whole for flag in item.flags)
    assert office.waiting(flag=flag) == [i.visit_id for i in whole if flag in {one.code for one in i.flags}]
    assert office.waiting(month="2026-10") == []


def test_other_states_are_listed_by_month_and_day(office):
    pad = Pad(office)
    odd, honest = office.odd_visit(pad), pad.visit("2026-11-20T05:00:00Z")
    pad.push()
    office.decide(BOSS, odd, "accept")
    assert office.waiting(state="all", month="2026-11") == [odd, honest]
    assert office.waiting(state="accepted", month="2026-11") == [odd]
    first = office.queue(state="all", month="2026-11", limit=1)
    assert [i.visit_id for i in office.queue(state="all", month="2026-11", limit=1, after=first.next).items] == [honest]
    with pytest.raises(Malformed):
        office.queue(state="accepted")


def test_a_visit_that_counted_by_itself_counts_no_more_while_its_appeal_is_open(office):
    office.lend()
    pad = Pad(office)
    honest = office.odd_visit(pad, north_m=0)
    assert (office.duty(), office.waiting()) == ((1, 0, "done"), [])
    office.decide(BOSS, honest, "reject", "客户说没有人来过")
    assert office.duty()[0] == 0
    pad.reply(honest, "appeal")
    pad.push()
    assert office.duty() == (0, 1, "pending_review")
    assert office.decide(SECOND, honest, "reject").review_state == "rejected"
    assert office.duty()[0] == 0


def test_calls_wait_behind_visits_of_which_nobody_can_say_where_they_were(office):
    pad = Pad(office)
    call = office.odd_visit(pad, "2026-11-18T02:00:00Z", type="phone", check_in=[], check_out=[])
    nowhere = office.odd_visit(pad, "2026-11-19T02:00:00Z", check_in=[], check_out=[])
    near = office.odd_visit(pad, "2026-11-20T02:00:00Z", north_m=305)
    assert office.waiting() == [nowhere, near, call]


def test_what_is_corrected_leaves_the_queue_and_the_last_correction_stays(office):
    pad, other = Pad(office), Pad(office, "m2", boot="b2")
    first = office.odd_visit(pad)
    again = office.odd_visit(pad, "2026-11-20T02:00:30Z", amends=first)
    assert office.waiting() == [again]
    last = office.odd_visit(pad, "2026-11-20T02:01:00Z", amends=first)
    assert office.waiting() == [last]
    theirs = office.odd_visit(other, "2026-11-20T02:00:10Z", amends=last)
    assert set(office.waiting()) == {last, theirs}
    assert [office.desk.review(BOSS, id).corrected_by for id in (first, again, last)] == [last, last, None]
    office.decide(BOSS, first, "ask")
    assert set(office.waiting()) == {last, theirs}


def test_a_correction_of_a_rejected_visit_counts_only_once_somebody_has_looked(office):
    office.lend()
    pad = Pad(office)
    early, late = office.odd_visit(pad, "2026-11-19T02:00:00Z", north_m=0), office.odd_visit(pad, north_m=0)
    before = office.odd_visit(pad, "2026-11-19T02:01:00Z", north_m=0, amends=early)
    assert office.grade(before)["grade"] == "A"
    for id in (early, late):
        office.decide(BOSS, id, "reject", "客户说没有人来过")
    after = office.odd_visit(pad, "2026-11-20T02:01:00Z", north_m=0, amends=late)
    office.store.catch_up()
    assert office.codes(before) == office.codes(after) == {"corrects_rejected"}
    assert (set(office.waiting()), office.duty()) == ({before, after}, (0, 2, "pending_review"))


def test_a_score_counts_corrections_once_and_what_people_decided(office):
    office.lend()
    pad = Pad(office)
    first = office.odd_visit(pad, "2026-11-18T02:00:00Z")
    office.odd_visit(pad, "2026-11-18T02:30:00Z", north_m=0, amends=first)  # elsewhere: somebody has to look
    odd, _ = office.odd_visit(pad, "2026-11-19T02:00:00Z"), office.odd_visit(pad, north_m=0)
    office.decide(BOSS, odd, "accept")
    desk = ScoreDesk(office.store, weights_of(Settings()))
    (row,) = desk.scores(BOSS, Asked(month="2026-11"), after=None, limit=10).items
    assert (row.person, row.visits, row.accepted, row.rejected, row.undecided) == ("m1", 3, 1, 0, 1)
    parts = {part.name: part for part in row.components}
    assert (parts["duty_rate"].value, parts["upheld"].value, parts["content"].value) == (1, 1, 1)
    assert parts["quality"].denominator == 3
    assert desk.scores(STRANGER, Asked(month="2026-11"), after=None, limit=10).items == []


def test_the_migration_queues_the_visits_that_waited_before_it(office):
    pad = Pad(office)
    for n, north_m in enumerate((2000, 400, 330)):
        office.odd_visit(pad, f"2026-11-{10 + n}T02:00:00Z", north_m)

    def rows(look):
        chosen = select(visit_review).order_by(visit_review.c.area, visit_review.c.place)
        return [tuple(row) for row in look.connection.execute(chosen)]

    before = office.store.read(rows)
    office.store.write(lambda unit: unit.connection.execute(delete(visit_review)))
    migration = import_module("backend.migrations.versions.0014_visit_reviews")
    office.store.write(lambda unit: migration.fill_queue(unit.connection))
    assert office.store.read(rows) == before
    assert len(before) >= 6


def test_the_migration_has_visits_judged_that_came_before_there_were_grades(office):
    pad = Pad(office)
    ids = [office.odd_visit(pad, f"2026-11-{10 + n}T02:00:00Z") for n in range(3)]
    before = [office.grade(id) for id in ids]
    forget = (
        delete(visit_trace), delete(visit), delete(visit_review), delete(record).where(record.c.kind == "visit_grade"),
        delete(membership).where(membership.c.kind == "visit_grade"),
    )  # fmt: skip
    office.store.write(lambda unit: [unit.connection.execute(one) for one in forget])
    migration = import_module("backend.migrations.versions.0016_graded_late")
    office.store.write(lambda unit: migration.judge_unjudged(unit.connection))
    office.store.catch_up()
    assert [office.grade(id) for id in ids] == before
    assert len(office.waiting()) == 3
    office.store.write(lambda unit: migration.judge_unjudged(unit.connection))
    assert not office.store.follow_up()


deeds = st.lists(
    st.tuples(st.sampled_from(["accept", "reject", "ask", "answer", "appeal"]), st.integers(0, 3)), max_size=8
)


@pytest.fixture(scope="module")
def one_office(tmp_path_factory):
    """One SQLite file for many random reviews, each of a visit of its own."""
    url = f"sqlite:///{tmp_path_factory.mktemp('reviews')}/padsync.db"
    migrate(url)
    with SqlStore(make_engine(url), PROJECTIONS, reactions=Reactions(KINDS, list_reactions(Settings()))) as store:
        office = Office(store)
        yield office, Pad(office)


@given(deeds)
def test_whatever_people_try_the_queue_is_what_is_open_and_no_two_hats_are_worn(one_office, tried):
    (office, pad), actors = one_office, [BOSS, SECOND, BRANCH, STRANGER]
    odd = office.odd_visit(pad)
    for deed, who in tried:
        if deed in ("answer", "appeal"):
            pad.reply(odd, deed)
            pad.push()
            continue
        try:
            office.decide(actors[who], odd, deed)
        except (AlreadyDecided, OwnWork, NotFound):
            continue
    graded = office.grade(odd)
    is_open = graded["review_state"] in ("pending", "asked", "answered", "appealed")
    queued = office.store.read(
        lambda look: look.connection.scalars(select(visit_review.c.area).where(visit_review.c.visit_id == odd)).all()
    )
    assert sorted(queued) == (["35", "3501", "FJ"] if is_open else [])
    row = office.store.read(lambda look: look.connection.execute(select(visit).where(visit.c.id == odd)).one())
    assert row.review_state == graded["review_state"]
    deciders = [step["by"] for step in graded["steps"] if step["deed"] in ("accept", "reject")]
    assert len(deciders) == len(set(deciders)) <= 3
    assert "s4" not in deciders
    assert office.store.read(lambda look: look.records([Key("visit", odd)]))
