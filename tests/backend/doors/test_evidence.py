"""A visit over HTTP: its author is told the grade, and whoever answers for the branch takes the month's proof."""

import io
import zipfile
from datetime import datetime

from backend.auth.staffing import assign_portfolio
from backend.domain.staff.queries import add_portfolio
from backend.identity import BANK_TIME
from sync.proving import verify_export
from sync.puts import Put
from tests.backend.doors.tablets import new_id

MORNING = {"wall": "2026-11-21T09:30:00.000+08:00", "boot": "b", "mono_ms": 1}


def log_visit(app, staffing):
    house, customer = app.state.house, new_id()
    body = {"customer_no": "1", "name": "林小燕", "host_org": "3501", "host_portfolio": "p1", "crm_revision": 1,
            "as_of": "2026-11-01T00:00:00.000Z"}  # fmt: skip
    house.store.write(lambda unit: add_portfolio(unit.connection, "p1", "3501"))
    house.engine.put_records([Put(kind="customer", id=customer, body=body)], by="crm")
    staffing.hire("field", "3501", "field_manager")
    house.store.write(lambda unit: assign_portfolio(unit, "field", "p1", house.auth.now()))
    tablet = staffing.tablet("field")
    said = {"customer_id": customer, "purpose": "check", "content": "Met.", "started_at": MORNING["wall"], "prev": ""}
    visit = tablet.signed(tablet.mutation("visit", "append", set=said))
    assert tablet.push(visit).outcomes[0].status == "applied"
    house.store.catch_up()
    return tablet, visit["id"]


def test_the_author_pulls_the_grade_with_its_reasons(app, staffing):
    tablet, visit = log_visit(app, staffing)
    graded = {change["k"]: change["d"] for change in tablet.pull()["changes"] if change["id"] == visit}
    assert graded["visit_grade"]["grade"] == "C"
    assert graded["visit_grade"]["verdict"] == "NO_FIX"
    assert {flag["code"] for flag in graded["visit_grade"]["flags"]} >= {"text_short", "no_checkout"}
    assert all(flag["zh"] and flag["en"] for flag in graded["visit_grade"]["flags"])


def test_the_proof_of_a_month_is_for_those_who_answer_for_the_branch(app, staffing):
    tablet, _ = log_visit(app, staffing)
    path = f"/visits/evidence/3501/{datetime.now(BANK_TIME):%Y-%m}"
    assert tablet.get(path).status_code == 403
    for staff_no, org_id, role, code in (("boss", "35", "supervisor", 200), ("eye", "36", "auditor", 404)):
        staffing.hire(staff_no, org_id, role)
        answer = staffing.tablet(staff_no, org_id).get(path)
        assert answer.status_code == code
        if code == 200:
            assert answer.headers["content-type"] == "application/zip"
            with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
                proven = verify_export({name: archive.read(name) for name in archive.namelist()})
            assert (proven.entries, proven.grades) == (1, 1)
    assert ("evidence_exported", "ok") in staffing.audited("org:3501")
    boss = staffing.tablet("boss", "35")
    for month in ("2026-13", "0001-01", "9999-12"):
        assert boss.get(f"/visits/evidence/3501/{month}").status_code in (400, 404)
