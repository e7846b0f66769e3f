"""What a decision means for the duty, the closed month and the score."""

from datetime import UTC, datetime

from backend.domain.compliance.jobs.closing import close_month_final, close_month_provisional
from backend.domain.compliance.queries import obligations
from backend.settings import Settings
from backend.sync_api.duty.scores import Asked, ScoreDesk, weights_of
from tests.backend.visits.field import Pad
from tests.backend.visits.reviews.office import BOSS, SECOND, STRANGER


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
