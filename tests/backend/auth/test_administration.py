"""Administration over HTTP: people, portfolios, tablets, each within the administrator's own institution."""

import pytest

from sync.errors import Malformed
from tests.backend.auth.people import PASSWORD, Tablet, body, code_of, headers


def test_an_administrator_adds_a_person_who_then_chooses_a_password(house, client, admin):
    person = {"staff_no": "new-1", "name": "新人", "org_id": "3502", "roles": ["lobby_manager"]}
    made = client.post("/admin/staff", json=person, headers=admin)
    assert made.status_code == 201
    tablet = house.tablet("3502")
    first = tablet.request("new-1", made.json()["password"])
    assert code_of(client.post("/auth/sign-in", json=body(first))) == (403, "password_expired")
    second = tablet.request("new-1", made.json()["password"], new_password=PASSWORD)
    assert client.post("/auth/sign-in", json=body(second)).status_code == 200
    assert code_of(client.post("/admin/staff", json=person, headers=admin)) == (409, "taken")
    assert house.audited("staff:new-1")[0] == ("add_staff", "ok")


def test_a_list_goes_on_where_it_stopped(client, admin):
    first = client.get("/admin/staff?limit=2", headers=admin).json()
    rest = client.get(f"/admin/staff?limit=10&after={first['next']}", headers=admin).json()
    assert [item["staff_no"] for item in first["items"] + rest["items"]] == ["admin", "boss", "field", "lobby"]
    assert rest["next"] is None
    assert "password_hash" not in first["items"][0]


def test_an_administrators_area_ends_at_their_own_institution(house, client, admin):
    house.hire("other", "3601", "lobby_manager")
    elsewhere = house.tablet("3601")
    person = {"staff_no": "new-2", "name": "新人", "org_id": "3601", "roles": ["lobby_manager"]}
    refused = [
        client.post("/admin/staff", json=person, headers=admin),
        client.post("/admin/staff/other/revoke", json={}, headers=admin),
        client.post("/admin/staff/other/password", json={}, headers=admin),
        client.post("/admin/enrolment-codes", json={"org_id": "3601"}, headers=admin),
        client.post(f"/admin/installs/{elsewhere.install_id}/revoke", json={}, headers=admin),
        client.put("/admin/portfolios/p1/staff", json={"staff_no": "other"}, headers=admin),
        client.post("/admin/staff/nobody/revoke", json={}, headers=admin),
    ]
    assert [code_of(answer) for answer in refused] == [(404, "not_found")] * len(refused)
    assert elsewhere.install_id not in str(client.get("/admin/installs", headers=admin).json())


@pytest.mark.parametrize("staff_no", ["lobby", "field", "boss", "look"])
def test_nobody_but_an_administrator_administers(house, client, staff_no):
    tablet = house.tablet()
    tablet.sign_in(staff_no)
    person = {"staff_no": "new-3", "name": "新人", "org_id": "3501", "roles": ["lobby_manager"]}
    refused = [
        client.post("/admin/staff", json=person, headers=headers(tablet)),
        client.post("/admin/staff/field/revoke", json={}, headers=headers(tablet)),
        client.post("/admin/staff/field/password", json={}, headers=headers(tablet)),
        client.post("/admin/enrolment-codes", json={"org_id": "3501"}, headers=headers(tablet)),
        client.post(f"/admin/installs/{tablet.install_id}/revoke", json={}, headers=headers(tablet)),
        client.put("/admin/portfolios/p1/staff", json={"staff_no": "field"}, headers=headers(tablet)),
        client.delete("/admin/portfolios/p1/staff/field", headers=headers(tablet)),
    ]
    assert [code_of(answer) for answer in refused] == [(403, "forbidden")] * len(refused)
    may_look = client.get("/admin/installs", headers=headers(tablet)).status_code
    assert may_look == (200 if staff_no == "look" else 403)


def test_roles_that_clash_are_malformed(client, admin):
    person = {"staff_no": "new-4", "name": "新人", "org_id": "3501", "roles": ["auditor", "administrator"]}
    assert code_of(client.post("/admin/staff", json=person, headers=admin)) == (400, "malformed")


def test_an_administrator_lets_a_tablet_in_and_shuts_it_out(house, client, admin):
    code = client.post("/admin/enrolment-codes", json={"org_id": "3501"}, headers=admin).json()["code"]
    tablet = Tablet(house)
    assert client.post("/auth/enrol", json=body(tablet.enrolment(code))).status_code == 201
    tablet.sign_in("lobby")
    reason = {"reason": "lost"}
    assert client.post(f"/admin/installs/{tablet.install_id}/revoke", json=reason, headers=admin).status_code == 204
    assert code_of(client.get("/whoami", headers=headers(tablet))) == (403, "revoked")
    (item,) = (
        item
        for item in client.get("/admin/installs", headers=admin).json()["items"]
        if item["install_id"] == tablet.install_id
    )
    assert item["revoked_at"]


def test_an_administrator_moves_a_portfolio(house, client, admin):
    tablet = house.tablet()
    tablet.sign_in("field")
    assert client.put("/admin/portfolios/p1/staff", json={"staff_no": "field"}, headers=admin).status_code == 204
    assert "portfolio:p1" in tablet.ask().buckets
    assert client.delete("/admin/portfolios/p1/staff/field", headers=admin).status_code == 204
    assert "portfolio:p1" not in tablet.ask().buckets
    assert [action for action, _ in house.audited("staff:field")][-2:] == ["assign_portfolio", "unassign_portfolio"]


def test_an_administrator_shuts_a_person_out(house, client, admin):
    tablet = house.tablet()
    tablet.sign_in("field")
    assert client.post("/admin/staff/field/revoke", json={"reason": "left"}, headers=admin).status_code == 204
    assert code_of(client.get("/whoami", headers=headers(tablet))) == (403, "revoked")


def test_a_reset_password_is_shown_once_and_must_be_replaced(house, client, admin):
    answer = client.post("/admin/staff/field/password", json={}, headers=admin).json()
    tablet = house.tablet()
    request = body(tablet.request("field", answer["password"]))
    assert code_of(client.post("/auth/sign-in", json=request)) == (403, "password_expired")


def test_a_text_with_a_nul_is_malformed_and_no_defect(house, client, admin):
    tablet = house.tablet()
    pair = {"install_id": tablet.install_id, "refresh_token": "a\0.1.AA"}
    person = {"staff_no": "new-5", "name": "a\0b", "org_id": "3501", "roles": ["lobby_manager"]}
    enrolment = body(tablet.enrolment(house.code())) | {"platform": "a\0b"}
    told = [
        client.post("/auth/refresh", json=pair),
        client.post("/auth/enrol", json=enrolment),
        client.post("/admin/staff", json=person, headers=admin),
        client.post("/admin/staff/a%00b/revoke", json={}, headers=admin),
        client.post("/admin/installs/a%00b/revoke", json={}, headers=admin),
        client.delete("/admin/portfolios/a%00b/staff/field", headers=admin),
        client.get("/admin/staff?after=a%00b", headers=admin),
    ]
    assert [answer.status_code for answer in told] == [401] + [400] * 6
    lost = client.post(f"/admin/installs/{tablet.install_id}/revoke", json={"reason": "a\0b"}, headers=admin)
    assert lost.status_code == 204


def test_a_staff_number_that_the_wire_could_not_carry_is_malformed(house):
    with pytest.raises(Malformed):
        house.hire("lobby_manager", "3501", "lobby_manager")
