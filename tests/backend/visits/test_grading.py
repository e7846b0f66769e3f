"""Grading where visits arrive, whatever the order, on both databases."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta
from random import Random
from typing import Any

import pytest
from sqlalchemy import select

from backend.app import PROJECTIONS
from backend.domain.compliance.queries.setup import ToldDay, replace_year
from backend.domain.compliance.rules.calendar import DayKind
from backend.domain.handoffs import list_reactions
from backend.domain.handoffs.media import settle_media
from backend.domain.handoffs.visits import VISIT_AGAIN, Grader
from backend.domain.visits.models import visit
from backend.migrations import migrate
from backend.registry import KINDS
from backend.settings import Settings
from backend.storage.engine import make_engine
from backend.storage.reactions import Reactions
from backend.storage.sql_store import SqlStore
from sync.puts import Put
from sync.store import Key
from tests.backend.visits.field import PLACE, Field, Pad, new_id

REPEATED = ("started_at", "ended_at", "check_in", "check_out")  # of the original, in its correction
FRIDAY = "2026-11-20T0{}:00:00Z"


def open_field(url, later=(), **rules):
    reactions = Reactions(KINDS, {**list_reactions(Settings()), **rules}, later=later)
    return Field(SqlStore(make_engine(url), PROJECTIONS, reactions=reactions))


@pytest.fixture
def field(url):
    opened = open_field(url)
    yield opened
    opened.store.close()


def test_an_honest_visit_is_an_a_and_its_author_gets_the_grade(field):
    pad = Pad(field)
    id = pad.visit(FRIDAY.format(2))
    (outcome,) = pad.push()
    assert (outcome.status, outcome.flags) == ("applied", [])
    graded = field.grade(id)
    assert (graded["grade"], graded["verdict"], graded["flags"]) == ("A", "INSIDE", [])
    assert (graded["review_state"], graded["place"], graded["dwell_s"]) == ("counted", "shop", 900)
    assert graded["at"] == "2026-11-20T02:00:00.000Z"
    rows = field.store.read(lambda look: look.rows("visits:m1", 0, 10))
    assert {(row.kind, row.id) for row in rows} == {("visit", id), ("visit_grade", id)}


def test_the_bank_s_calendar_says_which_days_are_worked(field):
    days = {"2026-11-20": DayKind.HOLIDAY, "2026-11-21": DayKind.MAKE_UP}
    told = [ToldDay(day=date.fromisoformat(day), kind=kind) for day, kind in days.items()]
    field.store.write(lambda unit: replace_year(unit.connection, 2026, told, "test", "1", is_confirmed=True))
    pad = Pad(field)
    friday, saturday = pad.visit("2026-11-20T02:00:00Z"), pad.visit("2026-11-21T02:00:00Z")
    sunday = pad.visit("2026-11-22T02:00:00Z")
    field.clock.at += timedelta(days=1)
    pad.push()
    assert [("non_workday" in field.codes(id)) for id in (friday, saturday, sunday)] == [True, False, True]


def test_sql_can_ask_what_the_queue_and_the_month_need(field):
    pad = Pad(field)
    id = pad.visit(FRIDAY.format(2), north_m=2000)
    pad.push()
    row = field.store.read(lambda look: look.connection.execute(select(visit)).one())
    assert (row.id, row.author, row.org_id, row.month, row.local_date) == (id, "m1", "3501", "2026-11", "2026-11-20")
    assert (row.grade, row.verdict, row.review_state) == ("D", "OUTSIDE", "pending")
    assert row.probability < 1e-6


def test_a_visit_that_arrives_late_changes_the_judgement_of_others(field):
    early, late = Pad(field, boot="b1"), Pad(field, boot="b2")
    honest = early.visit(FRIDAY.format(3))
    early.push()
    assert field.grade(honest)["grade"] == "A"
    jump = late.visit("2026-11-20T02:40:00Z", north_m=200_000, stay_s=600)
    late.push()
    assert {"impossible_speed", "device_changed"} <= field.codes(honest)
    assert field.grade(honest)["review_state"] == "pending"
    assert field.grade(jump)["grade"] == "D"


def test_a_grade_that_stays_the_same_is_not_written_again(field):
    pad = Pad(field)
    first = pad.visit(FRIDAY.format(2))
    pad.push()
    pad.visit(FRIDAY.format(4))
    pad.push()
    assert field.version(first) == 1


def test_places_that_are_learned_later_change_no_grade(field):
    pad = Pad(field)
    first = pad.visit(FRIDAY.format(2))
    pad.push()
    field.place(dict(PLACE, lat=27.0), revision=2)
    pad.visit("2026-11-20T02:16:00Z", check_in=[], check_out=[])
    second = pad.visit("2026-11-20T02:40:00Z")
    pad.push()
    assert field.grade(first)["verdict"] == "INSIDE"
    assert field.grade(second)["verdict"] == "OUTSIDE"


@pytest.mark.parametrize("off_s", [3 * 86_400, -40 * 86_400])
def test_a_clock_set_wrong_by_days_moves_no_visit_and_shows(field, off_s):
    pad = Pad(field)
    pad.wall_off_s = off_s
    id = pad.visit(FRIDAY.format(2))
    pad.push()
    graded = field.grade(id)
    assert (graded["at"], graded["local_date"]) == ("2026-11-20T02:00:00.000Z", "2026-11-20")
    assert field.codes(id) == {"clock_skew"}
    assert graded["skew_s"] == off_s


def test_after_a_restart_a_wrong_clock_is_held_between_the_visits_around(field):
    """Set forward into next month, then restarted: no uptime shows when it was, but its neighbours do."""
    pad = Pad(field)
    before = pad.visit("2026-11-18T02:00:00Z")
    pad.push()
    pad.boot, pad.wall_off_s = "b2", 20 * 86_400.0
    wrong = pad.visit("2026-11-19T02:00:00Z")
    pad.boot, pad.wall_off_s = "b3", 0.0
    after = pad.visit("2026-11-20T02:00:00Z")
    field.clock.at = datetime.fromisoformat("2026-12-15T00:00:00+00:00")
    pad.push()
    assert field.grade(before)["at"] < field.grade(wrong)["at"] <= field.grade(after)["at"]
    assert field.grade(wrong)["local_date"][:7] == "2026-11"
    assert {"clock_skew", "unanchored"} <= field.codes(wrong)


def test_two_persons_on_one_tablet_are_flagged_on_both(field):
    pad = Pad(field)
    mine = pad.visit(FRIDAY.format(2))
    pad.push()
    pad.staff_no = "m2"
    theirs = pad.visit("2026-11-20T02:30:00Z")
    pad.push()
    assert "shared_device" in field.codes(mine)
    assert "shared_device" in field.codes(theirs)


def test_a_correction_is_judged_beside_others_but_not_beside_its_original(field):
    pad = Pad(field)
    first = pad.visit(FRIDAY.format(2), content="到店查看，货架充足，生意平稳。")
    second = pad.visit("2026-11-20T02:30:00Z", content="到店查看，货架充足，生意平稳。", amends=first)
    pad.push()
    assert "text_reused" not in field.codes(second)
    assert field.grade(second)["amends"] == first


def test_a_correction_that_arrives_first_is_cleared_by_its_original(field):
    early, late = Pad(field, boot="b1"), Pad(field, boot="b2")
    first = early.visit(FRIDAY.format(2))
    second = late.visit("2026-11-20T02:01:00Z", amends=first)
    late.push()
    assert "corrects_other" in field.codes(second)
    early.push()
    assert "corrects_other" not in field.codes(second)


def test_a_correction_written_days_later_after_a_restart_stays_on_the_visit_s_day(field):
    pad = Pad(field)
    began = "2026-10-30T02:00:00Z"
    field.clock.at = datetime.fromisoformat("2026-10-30T04:00:00+00:00")
    first = pad.visit(began)
    pad.push()
    original = field.store.read(lambda look: look.records([Key("visit", first)]))[Key("visit", first)]
    told = {name: KINDS["visit"].read(original.body)[name] for name in REPEATED}
    pad.boot, field.clock.at = "b2", datetime.fromisoformat("2026-11-03T04:00:00+00:00")
    second = pad.visit("2026-11-03T03:00:00Z", stay_s=0, amends=first, **told)
    after = pad.visit("2026-11-03T03:20:00Z", north_m=30_000)
    pad.push()
    assert (field.grade(second)["at"], field.grade(second)["local_date"]) == (field.grade(first)["at"], "2026-10-30")
    assert field.codes(second) <= {"unanchored", "late_sync"}
    assert "impossible_speed" not in field.codes(after)


def test_nobody_corrects_the_visit_of_somebody_else(field):
    mine, theirs = Pad(field), Pad(field, "m2", boot="b2")
    first = mine.visit(FRIDAY.format(2))
    second = theirs.visit(FRIDAY.format(2), amends=first)
    mine.push()
    theirs.push()
    assert (field.codes(first), field.codes(second)) == (set(), {"corrects_other"})


def test_one_visit_is_not_made_two_by_a_correction_that_names_another_customer(field):
    body = {"customer_no": "2", "name": "陈大文", "host_org": "3501", "host_portfolio": "p1", "places": [PLACE],
            "crm_revision": 1, "as_of": "2026-11-01T00:00:00.000Z"}  # fmt: skip
    another = new_id()
    field.engine.put_records([Put(kind="customer", id=another, body=body)], by="crm")
    pad = Pad(field)
    first = pad.visit(FRIDAY.format(2))
    copy = pad.visit(FRIDAY.format(2), amends=first, customer_id=another)
    same = pad.visit(FRIDAY.format(2), amends=first)
    pad.push()
    assert field.codes(copy) == {"corrects_other"}
    assert (field.grade(copy)["grade"], field.grade(copy)["review_state"]) == ("C", "pending")
    assert "corrects_other" not in field.codes(same)


def test_a_photo_that_comes_later_clears_its_mark(field):
    pad = Pad(field)
    first, second = (pad.visit(FRIDAY.format(at), photos=[digest * 64]) for at, digest in ((2, "a"), (4, "b")))
    pad.push()
    assert field.codes(first) == field.codes(second) == {"pending_media"}
    here = {"a" * 64}
    assert settle_media(field.store, KINDS, Grader(), here.__contains__, "2026-11-22T00:00:00.000Z") == 1
    assert field.grade(first)["grade"] == "A"
    assert field.codes(second) == {"pending_media"}
    assert settle_media(field.store, KINDS, Grader(), here.__contains__, "2026-11-22T00:01:00.000Z") == 0


def test_no_order_of_arrival_changes_a_grade(tmp_path):
    """Four tablets of one person with every sort of trouble, handed in in any order: always the same judgements."""
    judged = []
    for order in range(4):
        url = f"sqlite:///{tmp_path}/{order}.db"
        migrate(url)
        field = open_field(url)
        ids, pads = trouble(field)
        for pad in Random(order).sample(pads, len(pads)):
            pad.push()
        judged.append([summary(field.grade(id), ids) for id in ids])
        field.store.close()
    assert judged[1:] == judged[:1] * 3
    assert {code for *_, flags in judged[0] for code, _ in flags} >= {
        "text_reused", "photo_reused", "impossible_speed", "overlap", "burst", "device_changed",
        "corrects_other",
    }  # fmt: skip


def test_visits_too_many_for_one_unit_are_judged_again_in_follow_ups(tmp_path):
    """A bound of two: whoever waits until nothing is left sees the same as without a bound."""
    grader = Grader(regraded_max=2)
    judged = []
    for name, rules in (("all", {}), ("few", {"visit": [grader.grade_visits], VISIT_AGAIN: [grader.grade_again]})):
        url = f"sqlite:///{tmp_path}/{name}.db"
        migrate(url)
        field = open_field(url, **rules)
        ids, pads = trouble(field)
        for pad in reversed(pads):
            pad.push()
        waited = field.store.follow_up()
        field.store.catch_up()
        judged.append([summary(field.grade(id), ids) for id in ids])
        assert waited == (name == "few")
        field.store.close()
    assert judged[0] == judged[1]


def test_servers_that_judge_side_by_side_come_to_what_one_alone_would(tmp_path, postgres_url):
    """Three processes on one database take the follow-ups from each other; a visit that two of them change is kept."""
    grader = Grader(regraded_max=2)
    again = {"visit": [grader.grade_visits], VISIT_AGAIN: [grader.grade_again]}
    migrate(alone_url := f"sqlite:///{tmp_path}/alone.db")
    judged = []
    for url, later in ((alone_url, ()), (postgres_url, {"visit"})):
        field = open_field(url, later=later, **again)
        ids, pads = trouble(field)
        for pad in reversed(pads):
            pad.push_each()
        servers = [open_field(url, later=later, **again) for _ in range(3)]
        with ThreadPoolExecutor() as threads:
            list(threads.map(lambda server: server.store.catch_up(), [field, *servers]))
        judged.append([summary(field.grade(id), ids) for id in ids])
        for server in (field, *servers):
            server.store.close()
    assert judged[0] == judged[1]


def test_visits_logged_in_a_burst_are_judged_a_few_times_each_not_once_for_every_other(url):
    """Sixty in a half hour, each in a push of its own: each changes all others, which are judged when all are there."""
    grader, judged = Grader(regraded_max=2), []

    def counted(react):
        def count(unit, writes, at):
            puts = react(unit, writes, at)
            judged.append(len(puts))
            return puts

        return count

    field = open_field(
        url, later={"visit"}, visit=[counted(grader.grade_visits)], **{VISIT_AGAIN: [counted(grader.grade_again)]}
    )
    pad, ids = Pad(field), []
    for at in range(60):
        ids.append(pad.visit(f"2026-11-20T02:{at // 2:02d}:{at % 2 * 30:02d}Z", stay_s=20))
        pad.push()
    field.store.catch_up()
    assert all("burst" in field.codes(id) for id in ids)
    assert len(ids) < sum(judged) <= 3 * len(ids)
    field.store.close()


def summary(graded, ids):
    flags = [(flag["code"], ids.index(flag["other"]) if flag.get("other") else None) for flag in graded["flags"]]
    return graded["grade"], graded["at"], flags


def trouble(field):
    random, pads = Random(7), [Pad(field, boot=f"b{at}") for at in range(4)]
    ids: list[str] = []
    for at in range(24):
        pad = pads[at % 4]
        minute = at * 9 if at < 16 else at * 40
        told: dict[str, Any] = {"content": "茶园今年收成较好，客户计划年底前增加一笔定期存款。"} if at % 5 == 0 else {}
        if at % 3 == 0:
            told["photos"] = [f"{at % 2:064x}"]
        if at in (9, 14):
            told["amends"] = ids[at - 4 if at == 9 else at - 3]  # of the same tablet, of another one
        began = f"2026-11-{16 + minute // 600:02d}T{minute % 600 // 60:02d}:{minute % 60:02d}:{at % 4:02d}Z"
        ids.append(
            pad.visit(began, stay_s=random.choice([200, 400, 900]), north_m=random.choice([0, 0, 30_000]), **told)
        )
    return ids, pads
