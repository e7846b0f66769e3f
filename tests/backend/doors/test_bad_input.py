"""Whatever is sent, the documented error comes back, never a 500, and nothing that was settled is lost."""

import gzip
import json
from collections.abc import Callable
from typing import Any

import pytest

from contracts.errors import BY_CODE
from tests.backend.doors.tablets import HttpTablet, new_id

DEEP = b'{"mutations": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"
EPOCH_OF_NOBODY = "00000000-0000-4000-8000-000000000000"

# What a whole request is refused for: path, body, status, code.
REFUSED: list[tuple[str, Any, int, str]] = [
    ("/sync/push", b"", 400, "malformed"),
    ("/sync/push", b"{", 400, "malformed"),
    ("/sync/push", b"null", 400, "malformed"),
    ("/sync/push", b"[]", 400, "malformed"),
    ("/sync/push", b"\xff\xfe", 400, "malformed"),
    ("/sync/push", b'{"mutations": [NaN]}', 400, "malformed"),
    ("/sync/push", DEEP, 400, "malformed"),
    ("/sync/push", {"mutations": "many"}, 400, "malformed"),
    ("/sync/push", {"mutations": [], "epoch": "yesterday"}, 400, "malformed"),
    ("/sync/push", {"mutations": [], "epoch": EPOCH_OF_NOBODY}, 409, "epoch_mismatch"),
    ("/sync/push", b'{"mutations": [' + b",".join([b"{}"] * 501) + b"]}", 413, "too_large"),
    ("/sync/push", b" " * 1_100_000, 413, "too_large"),
    ("/sync/pull", {"cursor": "v1.forged"}, 400, "cursor_invalid"),
    ("/sync/pull", {"cursor": ""}, 400, "cursor_invalid"),
    ("/sync/pull", {"cursor": "v9.AAAA"}, 400, "cursor_invalid"),
    ("/sync/pull", {"cursor": "中文"}, 400, "cursor_invalid"),
    ("/sync/pull", {"cursor": "x" * 200_001}, 400, "malformed"),
    ("/sync/pull", {"limit": 0}, 400, "malformed"),
    ("/sync/pull", {"limit": 10**30}, 400, "malformed"),
    ("/sync/pull", {"wait_s": 26}, 400, "malformed"),
    ("/sync/pull", {"wait_s": "soon"}, 400, "malformed"),
    ("/sync/pull", {"have": {"not a bucket": {"n": 1, "d": "0" * 16}}}, 400, "malformed"),
    ("/sync/verify", {"bucket": "branch:3502", "have": {"": {"n": 0, "d": "0" * 16}}}, 404, "not_found"),
    ("/sync/verify", {"bucket": "portfolio:p1", "have": {"": {"n": 0, "d": "0" * 16}}}, 404, "not_found"),
    ("/sync/verify", {"bucket": "branch:3501", "have": {}}, 400, "malformed"),
    ("/sync/leases", {"branch": "3501"}, 400, "malformed"),
    ("/sync/purges/ack", {"receipts": [{}]}, 400, "malformed"),
    ("/reviews/none/decision", {"decision": "keep", "version": 1}, 404, "not_found"),
    ("/reviews/%00/decision", {"decision": "keep", "version": 1}, 400, "malformed"),
    ("/auth/sign-in", b"{", 400, "malformed"),
    ("/auth/enrol", {"install_id": "x"}, 400, "malformed"),
    ("/auth/refresh", {"install_id": new_id(), "refresh_token": "stolen"}, 401, "unauthenticated"),
]


@pytest.fixture
def settled(tablet):
    """A tablet with one settled form."""
    tablet.push(tablet.form())
    return tablet


@pytest.mark.parametrize(("path", "body", "status", "code"), REFUSED, ids=range(len(REFUSED)))
def test_a_bad_request_gets_its_documented_error_and_loses_nothing(settled, path, body, status, code):
    before = settled.pull()
    answer = settled.post(path, body)
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert BY_CODE[code].status == status
    after = settled.pull()
    assert (after["ack_n"], after["changes"]) == (before["ack_n"], before["changes"])
    assert settled.push(settled.form()).ack_n == 2


def lease(**other: Any) -> dict[str, Any]:
    asked = {"branch": "3501", "series": "A", "business_date": "2026-11-21", "want": 10, "request_id": new_id()}
    return asked | other


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        (lease(branch="3502"), "not_found"),
        (lease(want=0), "malformed"),
        (lease(want=201), "malformed"),
        (lease(series="a"), "malformed"),
        (lease(business_date="tomorrow"), "malformed"),
        (lease(held=["not a token"]), None),
    ],
)
def test_a_lease_is_not_given_for_the_asking(tablet, asked, code):
    answer = tablet.post("/sync/leases", asked)
    assert answer.json().get("code") == code


def unsigned_visit(tablet: HttpTablet) -> dict[str, Any]:
    said = {
        "customer_id": new_id(),
        "purpose": "call",
        "content": "x",
        "started_at": "2026-11-21T01:00:00Z",
        "prev": "",
    }
    return tablet.mutation("visit", "append", set=said)


def ticket(tablet: HttpTablet, **other: Any) -> dict[str, Any]:
    said = {
        "branch_id": "3501",
        "series": "A",
        "business_date": "2026-11-21",
        "number": 1,
        "issued_at": "2026-11-21T01:00:00Z",
    }
    return tablet.mutation("ticket", "create", set=said | other)


# What parks one mutation and lets the queue move on: how it is made, and the code.
PARKED: dict[str, tuple[Callable[[HttpTablet], Any], str | None]] = {
    "unknown_kind": (lambda tablet: tablet.mutation("no_such_kind", "create"), "kind_unknown"),
    "unknown_op": (lambda tablet: tablet.mutation("form", "explode"), None),
    "op_not_allowed": (lambda tablet: tablet.mutation("org", "create", set={"name": "mine"}), "op_not_allowed"),
    "foreign_scope": (
        lambda tablet: tablet.form(set={"branch_id": "3502", "template_id": new_id()}),
        "not_in_scope",
    ),
    "record_of_nobody": (lambda tablet: tablet.mutation("form", "patch", set={"phone": "1"}), "not_in_scope"),
    "read_only_field": (lambda tablet: tablet.form(set={"branch_id": "3501", "author": "me"}), "read_only_field"),
    "unknown_field": (lambda tablet: tablet.form(set={"branch_id": "3501", "colour": "red"}), None),
    "wrong_type": (lambda tablet: tablet.form(set={"branch_id": "3501", "phone": 1}), "validation_failed"),
    "too_long": (lambda tablet: tablet.form(set={"branch_id": "3501", "phone": "1" * 36}), "validation_failed"),
    "no_signature": (unsigned_visit, "bad_signature"),
    "wrong_signature": (lambda tablet: unsigned_visit(tablet) | {"sig": "AAAA"}, "bad_signature"),
    "lone_surrogate": (lambda tablet: tablet.form(set={"branch_id": "3501", "phone": "\ud800"}), None),
    "nul": (lambda tablet: tablet.form(set={"branch_id": "3501", "template_id": new_id(), "phone": "a\0b"}), None),
    "nul_in_a_moment": (lambda tablet: ticket(tablet, issued_at="2026\0"), "validation_failed"),
    "infinite": (lambda tablet: tablet.form(set={"branch_id": "3501", "amount_fen": 10**400}), None),
    "no_id": (lambda tablet: {"n": tablet.form()["n"], "kind": "form"}, None),
    "not_an_object": (lambda tablet: [tablet.form()["n"]], None),
}


@pytest.mark.parametrize("name", PARKED)
def test_a_bad_mutation_is_answered_alone_and_the_queue_moves_on(settled, name):
    make, code = PARKED[name]
    bad = make(settled)
    answer = settled.post("/sync/push", json.dumps({"mutations": [bad, settled.form()]}).encode())
    assert answer.status_code < 500, answer.text
    if answer.status_code == 200 and answer.json()["ack_n"] == 3:
        outcome = answer.json()["outcomes"][0]
        assert outcome["n"] == 2
        assert code is None or (outcome["status"], outcome["problem"]["code"]) == ("parked", code)
    else:
        assert code is None
        assert settled.pull()["ack_n"] == 1


def test_a_signature_by_another_device_is_parked_and_kept_for_review(staffing, settled):
    staffing.hire("other", "3501", "lobby_manager")
    stranger = staffing.tablet("other")
    answer = settled.push(stranger.signed(unsigned_visit(settled)))
    assert answer.outcomes[0].problem is not None
    assert answer.outcomes[0].problem.code == "bad_signature"
    reviews = [change["d"] for change in settled.pull()["changes"] if change["k"] == "review"]
    assert [review["cause"] for review in reviews] == ["bad_signature"]


def test_a_used_number_with_other_content_is_parked_and_the_first_answer_stands(settled):
    first = settled.form(n=2)
    again = settled.form(n=2)
    assert [outcome.status for outcome in settled.push(first).outcomes] == ["applied"]
    reused = settled.push(again)
    assert reused.ack_n == 2
    assert reused.outcomes[0].problem is not None
    assert reused.outcomes[0].problem.code == "mutation_reused"
    assert [outcome.status for outcome in settled.push(first).outcomes] == ["applied"]


def test_a_cursor_of_another_tablet_is_forged(staffing, settled):
    staffing.hire("other", "3501", "lobby_manager")
    answer = settled.post("/sync/pull", {"cursor": staffing.tablet("other").caught_up()})
    assert answer.json()["code"] == "cursor_invalid"


def test_a_cursor_with_one_flipped_bit_is_forged(settled):
    cursor = settled.caught_up()
    for at in range(3, len(cursor), 7):
        flipped = cursor[:at] + ("A" if cursor[at] != "A" else "B") + cursor[at + 1 :]
        assert settled.post("/sync/pull", {"cursor": flipped}).json()["code"] == "cursor_invalid"


def test_a_replayed_refresh_token_ends_the_session(settled):
    tokens = settled.tablet.tokens
    said = {"install_id": settled.install_id, "refresh_token": tokens.refresh_token}
    for _ in range(3):
        newest = settled.post("/auth/refresh", said).json()
        said = said | {"refresh_token": newest["refresh_token"]}
    replayed = settled.post("/auth/refresh", {"install_id": settled.install_id, "refresh_token": tokens.refresh_token})
    assert (replayed.status_code, replayed.json()["code"]) == (401, "refresh_reused")
    assert settled.post("/auth/refresh", said).status_code == 401


@pytest.mark.parametrize("token", ["", "Bearer", "Bearer x", "Bearer a.b.c", "Basic YTpi", "Bearer " + "x" * 5000])
def test_a_token_that_is_not_ours_opens_nothing(settled, token):
    answer = settled.post("/sync/pull", {}, Authorization=token)
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")


def test_a_compressed_push_that_breaks_off_changes_nothing(settled):
    packed = gzip.compress(json.dumps({"mutations": [settled.form()]}).encode())
    answer = settled.post("/sync/push", packed[:-8], **{"Content-Encoding": "gzip"})
    assert answer.json()["code"] == "content_encoding"
    assert settled.pull()["ack_n"] == 1
