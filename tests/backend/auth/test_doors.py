"""Sign-in over HTTP: status, stable code, and what a tablet needs to go on."""

import msgspec
import pytest

from backend.auth.revocation import revoke_install
from contracts.auth import TokenResponse
from tests.backend.auth.people import Tablet, body, code_of, headers


@pytest.fixture
def url(sqlite_url):
    """One database is enough for what HTTP adds."""
    return sqlite_url


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


def test_the_schema_header_is_a_positive_number(house, client):
    tablet = house.tablet()
    tablet.sign_in("lobby")
    assert client.get("/whoami", headers=headers(tablet) | {"Sync-Schema": "3"}).json()["schema"] == 3
    for schema in ("0", "x", "-1", "9999999", "²"):
        answer = client.get("/whoami", headers=headers(tablet) | {"Sync-Schema": schema.encode("latin-1")})
        assert code_of(answer) == (400, "malformed")
