"""A working day over HTTP: plans that clash, visits that are due, a way to make them."""

from importlib.metadata import version

import pytest

from backend.domain.visits.rules.catalogue import FLAGS
from sync.puts import Put
from tests.backend.doors.tablets import new_id
from tests.backend.doors.test_visit_reviews import SHOP, Bank, app

__all__ = ["app"]

DAY = "2026-11-23"


@pytest.fixture
def bank(app, staffing):
    bank = Bank(app, staffing)
    staffing.hire("fb", "3501", "field_manager")
    return bank


def plan(bank, hours, *, author="fa", people=(), state="planned", title="走访林小燕"):
    first, last = hours
    id, day = new_id(), f"{DAY}T{{}}:00+08:00"
    body = {
        "org_id": "3501", "title": title, "starts_at": day.format(first), "ends_at": day.format(last),
        "people": list(people), "author": author, "state": state, "customer_id": bank.customer,
    }  # fmt: skip
    bank.engine.put_records([Put(kind="plan", id=id, body=body)], author)
    return id


def test_a_day_shows_plans_with_their_clashes_and_nothing_of_what_others_do(bank):
    mine = plan(bank, ("09:00", "10:00"))
    theirs = plan(bank, ("09:30", "11:00"), author="fb", people=["fa"], title="秘密会议")
    plan(bank, ("10:00", "10:30"), state="cancelled")
    plan(bank, ("08:00", "12:00"), author="fb")
    day = bank.get("fa", f"/workbench/{DAY}")
    shown = {one["id"]: one for one in day["plans"] if one["state"] == "planned"}
    assert shown.keys() == {mine, theirs}  # fa takes part in both
    assert [(one["id"], one["people"]) for one in shown[mine]["clashes"]] == [(theirs, ["fa"])]
    team = bank.get("near", f"/workbench/{DAY}/team")
    assert [(len(one["clashes"]), one["people"]) for one in team["items"]] == [
        (1, ["fb"]), (1, ["fa"]), (2, ["fa", "fb"]),
    ]  # fmt: skip
    assert "秘密" not in str(team)
    assert bank.get("head", f"/workbench/{DAY}/team?org=3501") == team
    assert bank.get("fa", "/workbench/2026-11-24")["plans"] == []


def test_a_day_tells_what_is_due_and_suggests_a_way(bank):
    day = bank.get("fa", f"/workbench/{DAY}?lat=26.0845&lon={SHOP['lon']}")
    (due,) = day["due"]
    assert (due["customer_id"], due["required"], due["status"]) == (bank.customer, 2, "on_track")
    assert (due["customer_name"], due["has_place"]) == ("林*燕", True)
    (stop,) = day["route"]
    assert stop["customer_id"] == bank.customer
    assert 1_100 < stop["distance_m"] == day["route_m"] < 1_120
    assert stop["arrives_min"] > 540
    assert bank.get("fa", f"/workbench/{DAY}")["route"] == []


def test_a_day_is_for_those_who_work_and_a_team_for_its_own_area(bank):
    assert bank.tablet("eye").get(f"/workbench/{DAY}").status_code == 403
    assert bank.tablet("far").get(f"/workbench/{DAY}/team?org=3501").status_code == 404
    assert bank.tablet("fa").get(f"/workbench/{DAY}/team?org=35").status_code == 404
    assert bank.tablet("fa").get("/workbench/2026-13-01").status_code == 400


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("2026-02-30", "`day`: there is no such day"),
        ("2026-02-30/team", "`day`: there is no such day"),
        (f"{DAY}?lat=26.1", "`lat` and `lon` go together: where the way begins"),
    ],
)
def test_a_day_that_is_none_and_half_a_place_are_told(bank, path, said):
    wrong = bank.tablet("fa").get(f"/workbench/{path}")
    assert (wrong.status_code, wrong.json()["detail"]) == (400, said)


@pytest.mark.parametrize(
    ("kind", "named"),
    [
        ("task", {"org_id": "3501", "title": "回访", "assignee": "F-9"}),
        ("letter", {"to": ["F-9", "fb"], "title": "回访", "text": "请回访"}),
        ("plan", {"org_id": "3501", "title": "回访", "starts_at": f"{DAY}T09:00:00+08:00",
                  "ends_at": f"{DAY}T10:00:00+08:00", "people": ["F-9", "fb"]}),
    ],
)  # fmt: skip
def test_whoever_names_a_staff_number_that_nobody_has_hears_of_it(bank, kind, named):
    tablet = bank.tablet("fa")
    assert [one.status for one in tablet.push(tablet.mutation(kind, "create", set=named)).outcomes] == ["applied"]
    rows = bank.engine.store.read(lambda look: look.rows("staff:fa", 0, 100))
    told = [row.body.decode() for row in rows if row.kind == "letter" and "查无此工号" in row.body.decode()]
    assert len(told) == 1
    assert "F-9\\n回访" in told[0]
    assert "fb" not in told[0]


def test_help_tells_the_version_and_what_every_flag_means(bank, client):
    told = bank.get("fa", "/help")
    assert (told["version"], told["protocol"]) == (version("padsync"), "v1")
    assert {flag["code"] for flag in told["flags"]} == set(FLAGS)
    assert all(told[words] for words in ("elements", "duty", "score"))
    for page in told["pages"]:
        assert client.get(page).status_code == 200
    assert client.get("/api/v1/help").status_code == 401
