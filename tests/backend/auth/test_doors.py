"""Sign-in and administration over HTTP: status, stable code, and what a tablet needs to go on."""

import msgspec
import pytest
from litestar import Litestar, Router, get
from litestar.di import NamedDependency
from litestar.testing import TestClient

from backend.auth.admin_routes import admin_routes
from backend.auth.gate import Gate
from backend.auth.revocation import revoke_install
from backend.auth.routes import auth_routes, provide_auth
from backend.errors import EXCEPTION_HANDLERS
from contracts.auth import TokenResponse
from sync.kind import Actor
from tests.backend.auth.people import PASSWORD, Tablet


@get("/whoami", sync_to_thread=False)
def whoami(actor: NamedDependency[Actor]) -> dict[str, object]:
    """Any door that wants to know who asks."""
    return {"staff_no": actor.staff_no, "schema": actor.schema}


@pytest.fixture
def gate_clock():
    return [0.0]


@pytest.fixture
def client(house, gate_clock):
    gate = Gate(msgspec.structs.replace(house.auth.settings, sign_in_per_install_min=20), lambda: gate_clock[0])
    api = Router("/api/v1", route_handlers=[*auth_routes, *admin_routes, whoami])
    app = Litestar([api], dependencies=provide_auth(house.auth, gate), exception_handlers=EXCEPTION_HANDLERS)
    with TestClient(app, base_url="http://testserver.local/api/v1") as client:
        yield client


def body(message):
    return msgspec.to_builtins(message)


def code_of(answer):
    assert answer.headers["content-type"] == "application/problem+json"
    return answer.status_code, answer.json()["code"]


@pytest.fixture
def admin(house):
    tablet = house.tablet("35")
    tablet.sign_in("admin")
    return {"Authorization": tablet.bearer, "Sync-Install": tablet.install_id}


def headers(tablet):
    return {"Authorization": tablet.bearer, "Sync-Install": tablet.install_id}


def test_a_tablet_enrols_signs_in_refreshes_and_signs_out(house, client):
    tablet = Tablet(house)
    enrolled = client.post("/auth/enrol", json=body(tablet.enrolment(house.code())))
    assert (enrolled.status_code, enrolled.json()["install_id"]) == (201, tablet.install_id)
    signed_in = client.post("/auth/sign-in", json=body(tablet.request("lobby")))
    assert signed_in.status_code == 200
    tablet.tokens = msgspec.convert(signed_in.json(), TokenResponse)
    assert client.get("/whoami", headers=headers(tablet)).json() == {"staff_no": "lobby", "schema": 1}
    pair = {"install_id": tablet.install_id, "refresh_token": tablet.tokens.refresh_token}
    assert client.post("/auth/refresh", json=pair).status_code == 200
    assert client.post("/auth/sign-out", headers=headers(tablet)).status_code == 204
    assert code_of(client.get("/whoami", headers=headers(tablet))) == (401, "unauthenticated")
    assert code_of(client.post("/auth/refresh", json=pair)) == (401, "unauthenticated")


def test_refusals_have_their_documented_codes(house, client):
    tablet = house.tablet()
    assert code_of(client.post("/auth/enrol", json=body(tablet.enrolment("x")))) == (403, "enrolment_refused")
    bad_key = body(tablet.enrolment("x", public_key={"kty": "RSA"}))
    assert code_of(client.post("/auth/enrol", json=bad_key)) == (400, "malformed")
    assert code_of(client.post("/auth/enrol", json={})) == (400, "malformed")
    wrong = body(tablet.request("lobby", "Wrong-0000"))
    assert code_of(client.post("/auth/sign-in", json=wrong)) == (401, "sign_in_failed")
    stranger = {"install_id": tablet.install_id, "refresh_token": "a.1.AA"}
    assert code_of(client.post("/auth/refresh", json=stranger)) == (401, "unauthenticated")
    assert code_of(client.get("/whoami")) == (401, "unauthenticated")
    weak = body(tablet.request("lobby", new_password="weak"))
    assert code_of(client.post("/auth/sign-in", json=weak)) == (400, "password_refused")


def test_the_sixth_wrong_password_is_told_of_the_lockout(house, client):
    tablet = house.tablet()
    told = [code_of(client.post("/auth/sign-in", json=body(tablet.request("lobby", "Wrong-0000")))) for _ in range(6)]
    assert told == [(401, "sign_in_failed")] * 5 + [(403, "locked")]


def test_an_unauthenticated_answer_names_its_scheme(client):
    assert client.get("/whoami").headers["www-authenticate"] == "Bearer"


def test_a_revoked_tablet_is_handed_its_orders(house, client):
    tablet = house.tablet()
    tablet.sign_in("lobby")
    assert client.get("/whoami", headers=headers(tablet)).status_code == 200
    revoke_install(house.auth, tablet.install_id, "admin")
    answer = client.get("/whoami", headers=headers(tablet))
    assert code_of(answer) == (403, "revoked")
    assert [order["buckets"] for order in answer.json()["args"]["purges"]] == [["*"]]


def test_who_knocks_too_often_is_told_how_long_to_wait(house, client, gate_clock):
    tablet = house.tablet()
    pair = {"install_id": tablet.install_id, "refresh_token": "x"}
    told = [client.post("/auth/refresh", json=pair) for _ in range(21)]
    assert [answer.status_code for answer in told] == [401] * 20 + [429]
    assert code_of(told[-1]) == (429, "too_many_requests")
    assert told[-1].json()["retry_after_ms"] == 3000
    gate_clock[0] = 3.0
    assert client.post("/auth/refresh", json=pair).status_code == 401


@pytest.mark.parametrize(
    ("schema", "status"), [("3", 200), ("0", 400), ("x", 400), ("-1", 400), ("9999999", 400), ("²", 400)]
)
def test_the_schema_header_is_a_positive_number(house, client, schema, status):
    tablet = house.tablet()
    tablet.sign_in("lobby")
    answer = client.get("/whoami", headers=headers(tablet) | {"Sync-Schema": schema.encode("latin-1")})
    assert answer.status_code == status
    assert answer.json().get("schema", 3) == 3


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
