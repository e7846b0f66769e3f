"""The sync routes over HTTP: what every answer carries, who may ask, and what a round looks like."""

import threading
import time

import msgspec
import pytest

from backend.auth.revocation import revoke_install
from backend.sync_api.door import HEADS_POLL_EMBEDDED_S
from contracts.export import contract_hash
from contracts.hello import HelloResponse

CALLS = ["/sync/push", "/sync/pull", "/sync/verify", "/sync/leases", "/sync/purges/ack"]


def test_hello_tells_a_stranger_the_limits_and_a_challenge(client):
    answer = client.post("/api/v1/sync/hello")
    hello = msgspec.json.decode(answer.content, type=HelloResponse)
    assert (hello.limits.push_mutations_max, hello.limits.file_bytes_max) == (500, 100_000)
    assert hello.contract_hash == contract_hash()
    assert hello.challenge
    assert hello.purges == []


@pytest.mark.parametrize("path", ["/health/live", "/api/v1/sync/contract", "/nowhere", "/api/v1/sync/hello"])
def test_every_answer_tells_the_time_and_the_epoch(app, client, path):
    headers = client.get(path).headers
    assert abs(int(headers["server-time"]) - time.time() * 1000) < 5_000
    assert headers["sync-epoch"] == app.state.house.epoch


def test_what_is_pushed_is_pulled_by_another_tablet_of_the_branch(staffing, tablet):
    staffing.hire("other", "3501", "lobby_manager")
    other = staffing.tablet("other")
    form = tablet.form()
    pushed = tablet.push(form)
    assert [(outcome.n, outcome.status) for outcome in pushed.outcomes] == [(1, "applied")]
    pulled = {change["id"]: change for change in other.pull()["changes"]}
    assert pulled[form["id"]]["d"]["phone"] == "13800000000"


def test_an_idle_pull_is_answered_in_few_bytes(tablet):
    cursor = tablet.caught_up()
    answer = tablet.post("/sync/pull", {"cursor": cursor})
    assert answer.json()["changes"] == []
    assert len(answer.content) < 250


@pytest.mark.parametrize("path", CALLS)
def test_a_call_without_the_install_is_malformed(tablet, path):
    headers = {"Authorization": tablet.tablet.bearer}
    answer = tablet.client.post(f"/api/v1{path}", json={}, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed")
    assert answer.json()["args"] == {"header": "sync-install"}


@pytest.mark.parametrize("path", CALLS[:2])
def test_a_token_of_another_install_opens_nothing(staffing, tablet, path):
    staffing.hire("other", "3501", "lobby_manager")
    other = staffing.tablet("other")
    answer = tablet.post(path, {"mutations": []} if "push" in path else {}, **{"Sync-Install": other.install_id})
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")


def test_a_revoked_tablet_is_told_what_to_purge_and_may_still_acknowledge(staffing, tablet):
    tablet.pull()
    revoke_install(staffing.auth, tablet.install_id, "admin")
    refused = tablet.post("/sync/pull", {})
    assert (refused.status_code, refused.json()["code"]) == (403, "revoked")
    assert len(refused.json()["args"]["purges"]) == 1
    hello = tablet.post("/sync/hello").json()
    assert hello["purges"] == refused.json()["args"]["purges"]
    assert tablet.post("/sync/purges/ack", {"receipts": []}).json()["open"] == hello["purges"]


def test_a_long_poll_ends_as_soon_as_there_is_something(staffing, tablet):
    staffing.hire("other", "3501", "lobby_manager")
    other, cursor, began = staffing.tablet("other"), tablet.caught_up(), time.monotonic()
    late = threading.Timer(0.3, lambda: other.push(other.form()))
    late.start()
    page = tablet.pull(cursor, wait_s=20)
    late.join()
    assert len(page["changes"]) == 1
    assert time.monotonic() - began < 10


def test_a_long_poll_ends_empty_when_its_time_is_up(tablet):
    cursor, began = tablet.caught_up(), time.monotonic()
    page = tablet.pull(cursor, wait_s=0.2)
    assert page["changes"] == []
    assert time.monotonic() - began >= 0.2


def test_an_idle_long_poll_is_not_ended_by_the_servers_own_looking(tablet):
    cursor, began = tablet.caught_up(), time.monotonic()
    wait_s = HEADS_POLL_EMBEDDED_S + 0.5
    page = tablet.pull(cursor, wait_s=wait_s)
    assert (page["changes"], page["complete"]) == ([], True)
    assert time.monotonic() - began >= wait_s


def test_the_contract_is_served_with_what_rules_each_field(tablet):
    contract = tablet.get("/sync/contract").json()
    form = contract["kinds"]["form"]["schema"]["properties"]
    assert (form["phone"]["x-merge"], form["phone"]["x-privacy"]) == ("escalate", "C2")
    assert form["state"]["x-transitions"]["draft"]["complete"] == "apply"
    assert contract["contract_hash"] == contract_hash()


def test_a_pull_by_an_app_of_the_future_or_the_present_is_served(tablet):
    assert tablet.post("/sync/pull", {}, **{"Sync-Schema": "2"}).status_code == 200
    assert tablet.post("/sync/pull", {}, **{"Sync-Schema": "first"}).status_code == 400


def test_a_lease_is_given_and_unused_numbers_go_back(tablet):
    asked = {
        "branch": "3501",
        "series": "A",
        "business_date": "2026-11-21",
        "want": 10,
        "request_id": "0197aaaa-0000-7000-8000-000000000001",
    }
    lease = tablet.post("/sync/leases", asked).json()
    assert (lease["lo"], lease["hi"]) == (1, 10)
    assert tablet.post("/sync/leases", asked).json()["lease_id"] == lease["lease_id"]
    returned = tablet.client.delete(f"/api/v1/sync/leases/{lease['lease_id']}", headers=tablet.headers)
    assert (returned.status_code, returned.content) == (204, b"")
    account = tablet.get("/numbers/3501/2026-11-21")
    assert account.status_code == 200
    assert tablet.get("/numbers/36/2026-11-21").json()["code"] == "not_found"


def test_verify_says_that_a_bucket_agrees(tablet):
    tablet.push(tablet.form())
    page = tablet.pull()
    mine = page["digests"]["branch:3501"]

    def differ(n: int) -> list[object]:
        said = {"bucket": "branch:3501", "have": {"": {"n": n, "d": mine["d"]}}}
        found: list[object] = tablet.post("/sync/verify", said).json()["differ"]
        return found

    assert differ(mine["n"]) == []
    assert len(differ(mine["n"] + 1)) > 0


def test_an_author_decides_what_asks_for_the_author_and_nobody_elses(staffing, tablet):
    staffing.hire("other", "3501", "lobby_manager")
    other, form = staffing.tablet("other"), tablet.form()
    tablet.push(form)
    patch = {"id": form["id"], "base_version": 1, "base": {"amount_fen": None}}
    other.push(other.mutation("form", "patch", set={"amount_fen": 100}) | patch)
    (lost,) = tablet.push(tablet.mutation("form", "patch", set={"amount_fen": 200}) | patch).outcomes
    decide = f"/reviews/{lost.fields[0].conflict}/decision"
    override = {"decision": "override", "version": 1}
    assert other.post(decide, override).json()["code"] == "not_found"
    assert tablet.post(decide, override).json()["body"]["state"] == "overridden"
    (now,) = [row["d"] for row in other.pull()["changes"] if row["id"] == form["id"]]
    assert now["amount_fen"] == 200


def test_a_supervisor_s_list_of_conflicts_is_filtered_by_person_institution_and_who_must_act(staffing, tablet):
    for who, role in (("other", "lobby_manager"), ("boss", "supervisor")):
        staffing.hire(who, "35" if who == "boss" else "3501", role)
    other, boss, form = staffing.tablet("other"), staffing.tablet("boss", "35"), tablet.form()
    tablet.push(form)
    patch = {"id": form["id"], "base_version": 1, "base": {"amount_fen": None}}
    other.push(other.mutation("form", "patch", set={"amount_fen": 100}) | patch)
    tablet.push(tablet.mutation("form", "patch", set={"amount_fen": 200}) | patch)
    (item,) = boss.get("/reviews").json()["items"]
    author, must_act = item["body"]["author"], item["body"]["must_act"]
    for asked, count in (
        (f"person={author}", 1), ("person=nobody", 0), (f"must_act={must_act}", 1), ("must_act=nobody", 0),
        ("org=3501", 1), ("org=35", 1), ("is_open=false", 0),
    ):  # fmt: skip
        assert len(boss.get(f"/reviews?{asked}").json()["items"]) == count, asked
    assert boss.get("/reviews?org=3502&limit=1").json()["items"] == []
    assert boss.get("/reviews?org=FJ").status_code == 404
