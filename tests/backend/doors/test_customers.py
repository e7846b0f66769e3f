"""Customers over HTTP: masked by default, in full for a supervisor who says why, and every look is written down."""

import pytest

from backend.crm.events import CrmEvent
from backend.crm.inbound import apply_events
from sync.moments import write_moment
from tests.backend.auth.people import code_of
from tests.backend.doors.tablets import new_id

CUSTOMER = {
    "customer_no": "35000000001", "name": "李小明", "phone": "13812345678", "home_address": "甘蔗建设路12号",
    "host_org": "3501", "host_portfolio": "p1", "assist_org": "3502", "care": ["overdue"], "level": "vip",
    "certificate_no": "352601196001010015", "birth_year": 1960, "labels": ["loan_potential"],
}  # fmt: skip


@pytest.fixture
def tell(app, client):
    house = app.state.house

    def tell(kind, revision=1, id=None, **body):
        id = id or new_id()
        event = CrmEvent(
            source="core", event_id=new_id(), kind=kind, id=id, revision=revision, body=body,
            at=write_moment(house.engine.clock()),
        )  # fmt: skip
        apply_events(house.engine, house.store, [event])
        return id

    return tell


@pytest.fixture
def customer(tell):
    return tell("customer", **CUSTOMER)


@pytest.fixture
def desk(staffing):
    def desk(staff_no, org_id, role="supervisor"):
        staffing.hire(staff_no, org_id, role)
        return staffing.tablet(staff_no)

    return desk


def reveal(desk, customer, field="phone", reason="客户来电核对"):
    return desk.post(f"/customers/{customer}/reveal", {"field": field, "reason": reason})


def test_a_supervisor_of_the_host_sees_the_customer_masked(desk, customer, tell):
    tell("holding", customer_id=customer, product_id=new_id(), org_id="36", account_tail="1234", balance_fen=9_876_543)
    answer = desk("boss", "35").get(f"/customers/{customer}")
    view = answer.json()
    assert (view["right"], view["fields"]["care"]) == ("host", ["overdue"])
    shown = {name: view["fields"][name] for name in ("name", "phone", "home_address", "certificate_tail", "birth_year")}
    assert shown == {
        "name": "李*明", "phone": "138****5678", "home_address": "甘蔗建设路***", "certificate_tail": "****0015",
        "birth_year": "***",
    }  # fmt: skip
    assert [held["account"] for held in view["holdings"]] == ["****1234"]
    for private in ("李小明", "13812345678", "12号", "9876543"):
        assert private not in answer.text


def test_a_supervisor_reveals_a_field_and_the_audit_says_which_but_not_what(app, desk, customer, staffing):
    answer = reveal(desk("boss", "35"), customer, reason="客户13812345678来电核对")
    assert answer.json() == {"field": "phone", "value": "13812345678"}
    assert ("reveal", "ok") in staffing.audited("org:35")
    with app.state.house.store.engine.connect() as connection:
        told = str(connection.exec_driver_sql("SELECT * FROM audit_entry").all())
    assert "来电核对" in told
    assert "13812345678" not in told


def test_balances_are_revealed_by_the_right_of_the_area(desk, customer, tell):
    for org_id in ("3501", "36"):
        product = new_id()
        tell("holding", customer_id=customer, product_id=product, org_id=org_id, balance_fen=int(org_id))
    host = reveal(desk("boss", "35"), customer, "balances").json()["value"]
    assert [held["balance_fen"] for held in host] == [3501, 36]
    other = desk("other", "36")
    assert other.get(f"/customers/{customer}").json()["right"] == "none"
    assert [held["balance_fen"] for held in reveal(other, customer, "balances").json()["value"]] == [36]
    assert code_of(reveal(other, customer, "phone")) == (403, "forbidden")


def test_whoever_has_nothing_to_do_with_a_customer_does_not_learn_that_there_is_one(desk, customer):
    stranger = desk("other", "36")
    assert code_of(stranger.get(f"/customers/{customer}")) == (404, "not_found")
    assert code_of(reveal(stranger, customer)) == (404, "not_found")
    assert code_of(stranger.get(f"/customers/{new_id()}")) == (404, "not_found")


def test_administrators_and_auditors_see_no_customers_and_managers_reveal_none(desk, customer, tablet):
    for role in ("administrator", "auditor"):
        assert code_of(desk(role, "35", role).get(f"/customers/{customer}")) == (403, "forbidden")
    assert code_of(reveal(tablet, customer)) == (403, "forbidden")
    assert code_of(reveal(desk("boss", "35"), customer, "places")) == (403, "forbidden")


def test_a_lobby_manager_sees_a_customer_online_while_they_wait(tablet, customer):
    assert code_of(tablet.get(f"/customers/{customer}")) == (404, "not_found")
    ticket = {
        "branch_id": "3501", "series": "A", "business_date": "2026-11-21", "number": 1,
        "issued_at": "2026-11-21T01:30:00.000Z", "claim": {"sort": "swipe", "customer_no": "35000000001"},
    }  # fmt: skip
    created = tablet.mutation("ticket", "create", set=ticket)
    tablet.push(created)
    assert tablet.get(f"/customers/{customer}").json()["right"] == "host"
    tablet.push(tablet.mutation("ticket", "transition", id=created["id"], set={"from": "waiting", "to": "left"}))
    assert code_of(tablet.get(f"/customers/{customer}")) == (404, "not_found")


def test_a_tap_on_a_masked_value_is_audited_and_one_on_a_foreign_record_alarms(tablet, customer, staffing, desk):
    told = {"subject_kind": "customer", "field": "phone", "shown_at": "2026-11-21T09:30:00+08:00"}
    ticket = tablet.mutation("ticket", "create", set={
        "branch_id": "3501", "series": "A", "business_date": "2026-11-21", "number": 1,
        "issued_at": "2026-11-21T01:30:00.000Z",
    })  # fmt: skip
    tablet.push(ticket)
    own = told | {"subject_kind": "ticket", "subject_id": ticket["id"], "field": "note"}
    tablet.push(tablet.mutation("reveal", "create", set=own))
    assert staffing.audited("org:3501")[-1] == ("reveal", "ok")
    tablet.push(tablet.mutation("reveal", "create", set=told | {"subject_id": customer}))
    assert staffing.audited("org:3501")[-1] == ("security", "not_in_scope")
