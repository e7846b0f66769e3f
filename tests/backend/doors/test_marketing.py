"""Who may ask for contacts and their outcomes gets them, and nobody learns of another branch's business."""

from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.domain.marketing.rules.effects import OUTCOMES, Outcome, sum_up
from sync.puts import Put
from tests.backend.doors.tablets import new_id
from tests.support.sheets import read_csv, read_looks, read_xlsx

NOW = "2026-11-21T01:30:00.000Z"


@pytest.fixture
def office(app, staffing):
    """A customer of 3501 whom 3502 assists, offered the same product in both, and people to ask."""
    return Office(app.state.house.engine, staffing)


class Office:
    def __init__(self, engine, staffing):
        self.engine, self.staffing, self.hired = engine, staffing, count(1)
        self.product = self.put("product", code="D1", name="整存整取", family="deposit")
        self.customer = self.put(
            "customer", customer_no="12345678901", name="林小燕", host_org="3501", assist_org="3502",
            crm_revision=1, as_of=NOW,
        )  # fmt: skip
        for org_id, stage in (("3501", "recommended"), ("3501", "done"), ("3502", "recommended")):
            self.contact(org_id, stage)

    def put(self, kind, **body):
        id = new_id()
        self.engine.put_records([Put(kind=kind, id=id, body=body)], "test")
        return id

    def contact(self, org_id, stage, **fields):
        own = {
            "org_id": org_id,
            "customer_id": self.customer,
            "product_id": self.product,
            "author": "x",
            "stage": stage,
        }
        return self.put("contact", happened_at=NOW, made_at=NOW, prev="", note="说了什么", **own | fields)

    def ask(self, org_id, path, role="supervisor"):
        staff_no = f"{role[0]}-{next(self.hired)}"
        self.staffing.hire(staff_no, org_id, role)
        return self.staffing.tablet(staff_no, org_id).get(f"/marketing/{path}")

    def wait(self, org_id, state="waiting", id=None):
        body = {
            "branch_id": org_id, "series": "A", "business_date": "2026-11-21", "number": 1, "issued_at": NOW,
            "state": state, "customer_id": self.customer,
        }  # fmt: skip
        self.engine.put_records([Put(kind="ticket", id=id or new_id(), body=body)], "test")

    def stages(self, org_id, role="supervisor"):
        answer = self.ask(org_id, f"contacts?customer={self.customer}", role)
        assert answer.status_code == 200, answer.text
        return sorted(
            (item["org_id"], item["stage"], item["product_id"] is not None) for item in answer.json()["items"]
        )


def test_the_hosts_side_sees_all_contacts_and_the_assisting_side_what_itself_dealt(office):
    everything = [("3501", "done", True), ("3501", "recommended", True), ("3502", "recommended", True)]
    assert office.stages("35") == office.stages("3501") == everything
    assert office.stages("3502") == [
        ("3501", "approached", False), ("3501", "approached", False), ("3502", "recommended", True),
    ]  # fmt: skip


def test_a_lobby_manager_sees_contacts_as_the_card_tells_them_while_the_customer_waits(office):
    ticket = new_id()
    office.wait("3501", id=ticket)
    assert office.stages("3501", "lobby_manager") == office.stages("35")
    assert office.ask("3502", f"contacts?customer={office.customer}", "lobby_manager").status_code == 404
    office.wait("3502")
    assert office.stages("3502", "lobby_manager") == office.stages("3502")
    office.wait("3501", "left", ticket)
    assert office.ask("3501", f"contacts?customer={office.customer}", "lobby_manager").status_code == 404


def test_contacts_tell_neither_name_nor_what_was_said(office):
    answer = office.ask("3501", f"contacts?customer={office.customer}")
    assert "林" not in answer.text
    assert "说了什么" not in answer.text


@pytest.mark.parametrize(("org_id", "role"), [("36", "supervisor"), ("3501", "lobby_manager"), ("35", "field_manager")])
def test_who_may_not_see_the_customer_does_not_learn_of_contacts(office, org_id, role):
    assert office.ask(org_id, f"contacts?customer={office.customer}", role).status_code == 404


def test_contacts_come_in_pages(office):
    office.staffing.hire("boss", "35", "supervisor")
    boss = office.staffing.tablet("boss", "35")
    seen, after = [], ""
    while after is not None:
        page = boss.get(f"/marketing/contacts?customer={office.customer}&limit=2&after={after}" if after else
                        f"/marketing/contacts?customer={office.customer}&limit=2").json()  # fmt: skip
        seen += [item["id"] for item in page["items"]]
        after = page.get("next")
    assert len(seen) == len(set(seen)) == 3
    assert boss.get(f"/marketing/contacts?customer={office.customer}&after=x").status_code == 400


def test_the_effects_of_an_area_tell_what_came_of_each_product(office):
    office.contact("36", "recommended")
    answer = office.ask("35", "effects?since=2026-11-01&until=2026-11-30")
    items = {item["org_id"]: item for item in answer.json()["items"]}
    assert items.keys() == {"3501", "3502"}
    assert (items["3501"]["recommended"], items["3501"]["done"], items["3501"]["conversion"]) == (1, 1, 1.0)
    assert (items["3502"]["product_name"], items["3502"]["conversion"]) == ("整存整取", 0.0)
    other = office.ask("3501", "effects?since=2026-11-22&until=2026-11-30")
    assert other.json()["items"] == []


def test_effects_are_for_those_who_answer_for_an_area_and_of_their_own_only(office):
    asked = "effects?since=2026-11-01&until=2026-11-30"
    assert office.ask("3501", asked, "lobby_manager").status_code == 403
    assert office.ask("3502", f"{asked}&org=3501").status_code == 404
    assert office.ask("3501", "effects?since=heute&until=2026-11-30").status_code == 400
    assert office.ask("3501", "effects?since=2026-11-31&until=2026-12-01").status_code == 400


def test_effects_of_days_in_the_wrong_order_are_not_told_as_none(office):
    wrong = office.ask("3501", "effects?since=2026-11-30&until=2026-11-01")
    assert (wrong.status_code, wrong.json()["detail"]) == (
        400, "`until` is before `since`: from the earlier day to the later one",
    )  # fmt: skip


def test_effects_are_saved_as_a_table_with_what_its_columns_mean(office):
    asked = "effects?since=2026-11-01&until=2026-11-30"
    told = office.ask("35", asked).json()["items"]
    as_csv, as_xlsx = (office.ask("35", f"{asked}&format={format}") for format in ("csv", "xlsx"))
    headings, *rows = read_csv(as_csv.content)
    assert headings[:3] == ["机构", "产品", "推荐次数"]
    assert [(row[0], row[1], int(row[2])) for row in rows] == [
        (item["org_id"], item["product_name"], item["recommended"]) for item in told
    ]
    written = read_xlsx(as_xlsx.content)[0]
    assert [str(heading).split("\n")[0] for heading in written] == headings
    frozen, looks = read_looks(as_xlsx.content)
    assert (frozen, [heading for heading, look in zip(written, looks, strict=True) if look == "0.0%"]) == (
        "C2", ["转化率\nconversion"]
    )  # fmt: skip
    assert [row[1] for row in read_xlsx(as_xlsx.content, sheet=2)][1:3] == ["起始日", "截止日"]
    assert 'filename="effects-2026-11-01-2026-11-30.xlsx"' in as_xlsx.headers["content-disposition"]
    assert office.ask("35", f"{asked}&format=pdf").status_code == 400
    assert office.ask("3501", f"{asked}&format=csv", "lobby_manager").status_code == 403


counts = st.integers(0, 50)
outcomes = st.dictionaries(
    st.tuples(st.sampled_from("ab"), st.sampled_from(["3501", "3502"]), st.sampled_from(OUTCOMES)),
    st.tuples(counts, counts, counts),
    max_size=20,
)


@given(outcomes)
def test_no_outcome_is_lost_or_told_twice(found):
    rows = [
        Outcome(
            product_id=product, org_id=org, stage=stage, contacts=contacts, customers=customers, unwelcome=unwelcome
        )
        for (product, org, stage), (contacts, customers, unwelcome) in found.items()
    ]
    effects = sum_up(rows, {"a": "甲"})
    assert len({(effect.org_id, effect.product_id) for effect in effects}) == len(effects)
    assert sum(getattr(effect, name) for effect in effects for name in OUTCOMES) == sum(row.contacts for row in rows)
    assert sum(effect.unwelcome for effect in effects) == sum(row.unwelcome for row in rows)
