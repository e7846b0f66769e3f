"""The series of a branch: set by its administrators or an operator, told to its tablets, kept in the audit log."""

import pytest
from sqlalchemy import select

from backend.storage.tables import audit_entry

PATH = "/api/v1/admin/branches/{}/series"
OWN = [{"series": "A", "name": "现金业务"}, {"series": "P", "name": "老弱病残军优先"}]


@pytest.fixture
def admin(staffing):
    staffing.hire("chief", "35", "administrator")
    return staffing.tablet("chief", "35")


def put(tablet, branch, series):
    return tablet.client.put(PATH.format(branch), headers=tablet.headers, json={"series": series})


def audited(house):
    chosen = select(audit_entry.c.stream, audit_entry.c.actor).where(audit_entry.c.action == "set_series")
    return [tuple(row) for row in house.store.read(lambda look: look.connection.execute(chosen).all())]


def test_a_branch_gets_series_of_its_own_and_the_banks_again(admin, tablet, house):
    before = admin.get("/admin/branches/3501/series").json()
    assert ([one["series"] for one in before["series"]], before["is_own"]) == (["A", "B", "V", "P"], False)
    assert put(admin, "3501", OWN).json() == {"branch_id": "3501", "series": OWN, "is_own": True}
    lists = [change["d"] for change in tablet.pull()["changes"] if change["k"] == "code_list"]
    assert [(one["code"], [choice["code"] for choice in one["choices"]]) for one in lists] == [
        ("series.3501", ["A", "P"])
    ]  # fmt: skip
    assert put(admin, "3501", OWN).json()["is_own"]
    assert audited(house) == [("org:3501", "chief")]  # saying it again is no change
    assert admin.get("/admin/branches/3502/series").json() == before | {"branch_id": "3502"}
    assert put(admin, "3501", []).json() == before


def test_only_administrators_of_the_area_set_series_and_of_branches_alone(admin, tablet, staffing, house):
    staffing.hire("far", "3601", "administrator")
    far = staffing.tablet("far", "3601")
    refused = [put(tablet, "3501", OWN), put(far, "3501", OWN), put(admin, "35", OWN), put(admin, "nowhere", OWN)]
    assert [answer.status_code for answer in refused] == [403, 404, 404, 404]
    assert tablet.get("/admin/branches/3501/series").status_code == 403
    assert audited(house) == []


@pytest.mark.parametrize("series", [[OWN[0], OWN[0]], [{"series": "a", "name": "x"}], [{"series": "A", "name": ""}]])
def test_a_list_that_does_not_hold_is_refused(admin, series, house):
    assert put(admin, "3501", series).status_code == 400
    assert audited(house) == []
