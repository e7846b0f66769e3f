"""A lead that was escalated is assigned online; the new owner's tablet has it, the one before loses it (003-03)."""

import pytest
from sqlalchemy import select

from backend.storage.tables import audit_entry


class Field:
    """A branch's field managers with their tablets, their supervisor, and another bank's."""

    def __init__(self, staffing, house):
        self.house = house
        for staff_no, org_id, role in (
            ("f1", "3501", "field_manager"), ("f2", "3501", "field_manager"), ("f3", "3502", "field_manager"),
            ("l1", "3501", "lobby_manager"), ("far", "36", "field_manager"), ("boss", "35", "supervisor"),
            ("other", "36", "supervisor"),
        ):  # fmt: skip
            staffing.hire(staff_no, org_id, role)
        self.tablets = {name: staffing.tablet(name, "3501") for name in ("f1", "f2", "l1")}
        self.tablets |= {"f3": staffing.tablet("f3", "3502"), "boss": staffing.tablet("boss", "35")}
        self.tablets["other"] = staffing.tablet("other", "36")

    def record(self, name="陈小二"):
        said = {"org_id": "3501", "name": name, "phone": "13812345678"}
        mutation = self.tablets["f1"].mutation("lead", "create", set=said)
        assert self.tablets["f1"].push(mutation).outcomes[0].status == "applied"
        return mutation["id"]

    def move(self, staff_no, id, to, **facts):
        tablet = self.tablets[staff_no]
        mutation = tablet.mutation("lead", "transition", set={"to": to, "facts": facts}) | {"id": id}
        (outcome,) = tablet.push(mutation).outcomes
        assert outcome.status == "applied", outcome
        return outcome.version

    def assign(self, who, id, owner, version):
        return self.tablets[who].post(f"/leads/{id}/assign", {"owner": owner, "version": version})

    def held(self, staff_no, cursor=None):
        """Return what a pull says of leads: (id, body or why it went)."""
        page = self.tablets[staff_no].pull(cursor)
        leads = [one for one in page["changes"] if one["k"] == "lead"]
        return {one["id"]: one.get("d") or one.get("x") for one in leads}, page["cursor"]

    def audited(self):
        chosen = select(audit_entry.c.stream, audit_entry.c.actor, audit_entry.c.detail)
        rows = self.house.store.read(
            lambda look: look.connection.execute(chosen.where(audit_entry.c.action == "assign_lead")).all()
        )
        return [tuple(row) for row in rows]


@pytest.fixture
def field(staffing, app, client):
    return Field(staffing, app.state.house)


def code(answer):
    return answer.status_code, answer.json().get("code")


def test_an_escalated_lead_goes_from_one_managers_tablet_to_the_others(field):
    id = field.record()
    version = field.move("f1", id, "escalated", supervisor="boss")
    (item,) = field.tablets["boss"].get("/leads").json()["items"]
    assert (item["id"], item["version"], item["author"]) == (id, version, "f1")
    assert ("陈小二" in item["name"], "1234" in item["phone"]) == (False, False)
    assigned = field.assign("boss", id, "f2", version)
    assert (assigned.status_code, assigned.json()["owner"], assigned.json()["state"]) == (200, "f2", "assigned")
    held, cursor = field.held("f2")
    assert held[id]["name"] == "陈小二"
    field.move("f2", id, "following")
    version = field.move("f2", id, "escalated", supervisor="boss")
    assert field.assign("boss", id, "f3", version).status_code == 200
    assert field.held("f2", cursor)[0][id] == "moved"
    owners = [(step["to"], step["by"], step.get("owner")) for step in field.held("f3")[0][id]["steps"]]
    assert owners == [
        ("recorded", "f1", None), ("escalated", "f1", None), ("assigned", "boss", "f2"), ("following", "f2", None),
        ("escalated", "f2", None), ("assigned", "boss", "f3"),
    ]  # fmt: skip
    assert field.held("f1")[0][id]["owner"] == "f3"  # its finder keeps seeing what becomes of it
    assert [row[:2] for row in field.audited()] == [("org:3501", "boss")] * 2
    assert "陈" not in str(field.audited())


def test_only_who_answers_for_the_area_assigns_and_only_to_its_field_managers(field):
    id = field.record()
    version = field.move("f1", id, "escalated", supervisor="boss")
    assert code(field.assign("f1", id, "f2", version)) == (403, "forbidden")
    assert code(field.assign("other", id, "f2", version)) == (404, "not_found")
    assert field.tablets["f1"].get("/leads").status_code == 403
    assert field.tablets["other"].get("/leads").json()["items"] == []
    for owner in ("far", "l1", "nobody"):
        assert code(field.assign("boss", id, owner, version)) == (404, "not_found")
    assert field.audited() == []


def test_what_the_supervisor_did_not_see_is_not_assigned(field):
    id = field.record()
    version = field.move("f1", id, "escalated", supervisor="boss")
    assert code(field.assign("boss", id, "f2", version - 1)) == (409, "already_decided")
    assert field.assign("boss", id, "f2", version).status_code == 200
    assert code(field.assign("boss", id, "f3", version)) == (409, "already_decided")
    last = field.move("f2", id, "lost", lost_reason="搬走了")
    assert code(field.assign("boss", id, "f3", last)) == (409, "already_decided")
    assert code(field.assign("boss", id[:-4] + "ffff", "f3", 1)) == (404, "not_found")


def test_leads_come_in_pages_and_by_state(field):
    ids = [field.record(name) for name in ("甲", "乙", "丙")]
    for id in ids:
        field.move("f1", id, "escalated", supervisor="boss")
    boss, seen, after = field.tablets["boss"], [], ""
    while after is not None:
        page = boss.get("/leads?limit=2" + (f"&after={after}" if after else "")).json()
        seen += [item["id"] for item in page["items"]]
        after = page.get("next")
    assert seen == ids
    assert boss.get("/leads?state=won").json()["items"] == []
    assert (boss.get("/leads?after=x").status_code, boss.get("/leads?state=x").status_code) == (400, 400)
