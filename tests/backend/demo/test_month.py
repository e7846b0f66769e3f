"""The demonstration's month on a real server: proven as it ends, and unproven as soon as anything is tampered with."""

import os
import subprocess
import sys
from datetime import date
from importlib.metadata import version
from pathlib import Path

import msgspec
import pytest

from backend.commands.demonstration import QUICK
from backend.commands.duty import PACKAGE, read_package
from backend.commands.proving import read_export
from backend.demo.day.server import free_port
from backend.demo.month import oddities, stories
from backend.demo.month.month import Tools, opened_month
from backend.demo.month.proof import Export, account_visits, prove_evidence, recount_month
from backend.demo.month.telling import graded, list_pages
from tests.support.sheets import read_xlsx

SCALE = 0.4
COMMAND = Path(sys.executable).parent / "padsync"
TOOLS = Tools(calendar=read_package, source=(PACKAGE, version(PACKAGE)), read_export=read_export)
MONTHS = f"/compliance/months/{stories.MONTH}"


def opened(folder, say, **how):
    settings = msgspec.structs.replace(QUICK, data_dir=str(folder), port=free_port())
    return opened_month(settings, TOOLS, seed=3, say=say, scale=SCALE, **how)


@pytest.fixture(scope="module")
def lived(tmp_path_factory):
    """A small month that was lived to its end, with the server still there: (month, result, said, workbook)."""
    folder = tmp_path_factory.mktemp("month")
    said: list[str] = []
    with opened(folder, said.append) as month:
        month.live()
        yield month, month.tell(folder / "month.xlsx"), "\n".join(said), (folder / "month.xlsx").read_bytes()


@pytest.fixture
def tampered(lived):
    """Return a way to change the server's database behind its back; it is changed back after the test."""
    store, undo = lived[0].house.store, []

    def run(sql):
        return store.write(lambda unit: unit.connection.exec_driver_sql(sql).rowcount)

    def change(sql, back):
        undo.append(back)
        assert run(sql)

    yield change
    for sql in undo:
        run(sql)


def of(month, oddity):
    """Return the grades of the visits that were odd in this way."""
    return [body for one, id, body in graded(month.managers.values()) if one.odd.get(id) is oddity]


def revisions(month):
    return list_pages(month.desks["S35"], f"{MONTHS}/revisions")


def test_everything_is_proven(lived):
    _, result, said, _ = lived
    assert result.month_is_proven
    assert result.evidence_verified
    assert result.month_recount_equal
    assert "✘" not in said
    assert result.month_visits == result.month_graded == sum(result.month_grades.values()) > 80


@pytest.mark.parametrize(
    ("oddity", "grade", "flag"),
    [
        (oddities.MOCKED, "C", "mock"),
        (oddities.COPIED, "C", "text_reused"),
        (oddities.REUSED, "C", "photo_reused"),
        (oddities.BACK, "C", "clock_skew"),
        (oddities.FORWARD, "C", "clock_skew"),
        (oddities.NO_FIX, "C", "unanchored"),
        (oddities.BY_PHONE, "C", "unanchored"),
    ],
)
def test_an_odd_visit_is_flagged_for_what_it_is(lived, oddity, grade, flag):
    (body,) = of(lived[0], oddity)
    assert (body["grade"], [one["code"] for one in body["flags"]]) == (grade, [flag])


def test_positions_are_graded_by_what_they_prove(lived):
    troubles = {name: [oddity for _, oddity in troubles] for name, troubles in stories.ODD.items()}
    weak, likely, unlikely, far = (
        of(lived[0], oddity)[0]
        for oddity in (troubles["F350101-1"][0], *troubles["F350101-3"], troubles["F350802-2"][0])
    )
    assert (weak["verdict"], weak["grade"]) == ("POOR_FIX", "C")
    assert (likely["verdict"], likely["grade"]) == ("UNCERTAIN", "B")
    assert (unlikely["verdict"], unlikely["grade"]) == ("UNCERTAIN", "C")
    assert likely["probability"] > 0.5 > unlikely["probability"]
    assert (far["verdict"], far["grade"]) == ("OUTSIDE", "D")


def test_a_clock_that_is_days_off_moves_no_visit_to_another_day(lived):
    month, _, _, _ = lived
    for oddity in (oddities.BACK, oddities.FORWARD):
        found = [(one, id, body) for one, id, body in graded(month.managers.values()) if one.odd.get(id) is oddity]
        ((manager, id, body),) = found
        assert body["local_date"] == manager.days[id].isoformat()
        assert abs(body["skew_s"] - oddity.off.total_seconds()) < 1


def test_a_saturday_that_is_worked_instead_is_a_working_day(lived):
    month, _, said, _ = lived
    assert date(2026, 10, 10) in month.workdays
    assert len(month.workdays) == 18
    codes = {flag["code"] for _, _, body in graded(month.managers.values()) for flag in body.get("flags", ())}
    assert "non_workday" not in codes
    assert "10 Oct is worked instead" in said


def test_what_comes_after_the_close_is_a_revision_with_its_reason(lived):
    month, result, _, _ = lived
    causes = [one["cause"] for one in revisions(month)]
    assert causes == ["provisional", "final", "late_visit", "review", "review", "review"]
    assert result.month_revisions == len(causes)
    changes = list_pages(month.desks["S35"], f"{MONTHS}/revisions/3/changes")
    assert {one["after"]["owner"] for one in changes} == {stories.LATE}
    assert all(one["before"]["counted"] < one["after"]["counted"] for one in changes)


def test_what_comes_before_the_final_close_simply_counts(lived):
    month, _, said, _ = lived
    named = ", ".join(one["reason"] for one in revisions(month))
    barely = month.managers[stories.BARELY_IN_TIME]
    assert f"{stories.BARELY_IN_TIME} has a line again" in said
    assert not any(id in named for id in barely.days)


def test_a_hand_over_splits_duties_and_counts_each_customer_once(lived):
    month, _, _, _ = lived
    duties = list_pages(month.desks["S35"], f"{MONTHS}/obligations")
    split = [one for one in duties if len(one["shares"]) > 1]
    assert split
    for one in split:
        assert [(share["owner"], share["workdays"]) for share in one["shares"]] == [
            (stories.GIVER, 8), (stories.HEIR, 10)
        ]  # fmt: skip
        assert sum(share["required"] for share in one["shares"]) == one["required"] == 2


def test_a_settled_loan_halves_what_is_asked(lived):
    before, after = lived[0].stories.settled
    assert (before["required"], after["required"]) == (2, 1)
    assert (before["status"], after["status"]) == ("on_track", "done")


def test_two_people_make_an_exemption(lived):
    month, _, said, _ = lived
    (exempt,) = list_pages(month.desks["S35"], "/compliance/exemptions")
    assert (exempt["state"], exempt["applied_by"], exempt["decided_by"]) == ("approved", "S3501", "S35")
    assert "refused, own_work" in said


def test_an_appeal_is_decided_by_somebody_else(lived):
    (body,) = of(lived[0], oddities.COPIED)
    steps = [(step["by"], step["deed"]) for step in body["steps"]]
    assert steps == [("S3506", "reject"), ("F350601-2", "appeal"), ("S35", "accept")]
    assert body["review_state"] == "accepted"


def test_the_story_names_no_customer(lived):
    month, _, said, _ = lived
    views = [view for one in month.managers.values() for view in one.worker.tablet.find("customer")]
    assert [view.body["name"] for view in views if len(view.body["name"]) > 2 and view.body["name"] in said] == []


def test_the_workbook_is_the_bank_s(lived):
    month, _, _, book = lived
    bank, manager = read_xlsx(book, sheet=1), read_xlsx(book, sheet=3)
    assert [row[0] for row in bank[1:]] == ["3506", "合计 total"]
    owners = {row[2] for row in manager[1:]} - {None}
    assert owners == {name for name in month.managers if name.startswith("F3506")}


def test_whoever_hands_in_late_ends_with_the_figures_of_who_was_in_time(lived, tmp_path):
    late = lived[0].desks["S35"].get(f"{MONTHS}/report?level=manager&limit=500")
    with opened(tmp_path, lambda _text: None, is_late=False) as month:
        month.live()
        prompt = month.desks["S35"].get(f"{MONTHS}/report?level=manager&limit=500")
        causes = [one["cause"] for one in revisions(month)]
    assert "late_visit" not in causes
    assert (prompt["items"], prompt["total"]) == (late["items"], late["total"])


def test_a_duty_that_is_gone_with_its_visits_is_missed(lived, tampered):
    month, _, _, _ = lived
    assert account_visits(month.desks["S35"], month.managers, month.owing).is_proven
    one = "customer_id = (SELECT min(customer_id) FROM obligation WHERE counted > 0)"
    tampered(
        f"UPDATE obligation SET month = 'x' || month WHERE {one}",  # noqa: S608 - our own words
        "UPDATE obligation SET month = substr(month, 2) WHERE month LIKE 'x%'",
    )
    assert not account_visits(month.desks["S35"], month.managers, month.owing).is_proven


def test_a_count_that_the_facts_do_not_bear_out_is_found(lived, tampered):
    month, _, _, _ = lived
    assert recount_month(month.house).is_proven
    tampered(
        "UPDATE obligation SET counted = counted + 1 WHERE owner = 'F350101-1'",
        "UPDATE obligation SET counted = counted - 1 WHERE owner = 'F350101-1'",
    )
    assert not recount_month(month.house).is_proven


def test_a_visit_whose_signature_is_not_the_tablet_s_is_found(lived, tampered, tmp_path):
    month, result, _, _ = lived
    one = "WHERE n = 1 AND install_id = (SELECT min(install_id) FROM evidence)"
    tampered(
        f"UPDATE evidence SET mutation = CAST(replace(mutation, '贷后检查', '贷后检察') AS BLOB) {one}",  # noqa: S608 - our own words
        f"UPDATE evidence SET mutation = CAST(replace(mutation, '贷后检察', '贷后检查') AS BLOB) {one}",  # noqa: S608 - our own words
    )
    found = prove_evidence(month.house, month.desks["U35"], result.month_visits, Export(read_export, tmp_path))
    assert not found.is_proven
    assert "BROKEN" in found.told


def test_the_command_lives_a_month_alone_and_writes_its_figures(tmp_path):
    environ = {name: value for name, value in os.environ.items() if not name.startswith("PADSYNC_")}
    done = subprocess.run(
        [COMMAND, "demo", "--only", "month", "--scale", "0.1", "--seed", "7"],
        env=environ, cwd=tmp_path, capture_output=True, text=True, timeout=240,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    figures = msgspec.json.decode((tmp_path / "build" / "demo.json").read_bytes())
    assert figures["month_visits"] == figures["month_graded"] > 0
    assert figures["evidence_verified"] is figures["month_recount_equal"] is figures["month_is_proven"] is True
    assert 0 < figures["month_rate"] <= 1
    assert "mutations_made" not in figures
    assert (tmp_path / "build" / "demo-month.xlsx").exists()
