"""Refusals as HTTP: one shape, one code each, and never a word too many."""

import json
from typing import Annotated, Literal

import httpx
import msgspec
import pytest
import structlog
from litestar import get, post
from litestar.params import JSONBody, PathParameter, QueryParameter

from backend import errors
from contracts.base import MONTH_PATTERN
from contracts.errors import ErrorCode, ProblemDocument
from sync.errors import Busy, SchemaTooOld, SyncError


@get("/break", include_in_schema=False)
async def break_down() -> None:
    secret = "13800000000"
    raise RuntimeError(f"what a person typed: {secret}")


@post("/busy", include_in_schema=False)
async def be_busy() -> None:
    raise Busy(retry_after_ms=2500)


@post("/old", include_in_schema=False)
async def be_old() -> None:
    raise SchemaTooOld(install="2.0")


class Wish(msgspec.Struct):
    """A body of which one field takes two words only."""

    decision: Literal["keep", "discard"]


@post("/wish/{month:str}", include_in_schema=False)
async def wish(
    month: Annotated[str, PathParameter(pattern=MONTH_PATTERN)],
    data: JSONBody[Wish],
    in_state: Annotated[Literal["open", "all"] | None, QueryParameter(name="state")] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=9)] = 1,
) -> str:
    return f"{month} {data.decision} {in_state} {limit}"


@pytest.fixture
def client(app, client):
    for handler in (break_down, be_busy, be_old, wish):
        app.register(handler)
    return client


def problem(answer: httpx.Response) -> ProblemDocument:
    assert answer.headers["content-type"] == "application/problem+json"
    return ProblemDocument(**answer.json())


def test_an_unknown_path_is_a_problem_document(client):
    told = problem(client.get("/nowhere"))
    assert (told.status, told.code, told.type) == (404, "not_found", "/docs/errors#not_found")


@pytest.mark.parametrize(("method", "path"), [("GET", "/api/v1/sync/push"), ("PUT", "/api/v1/sync/push")])
def test_a_wrong_method_is_told_the_right_ones(client, method, path):
    answer = client.request(method, path)
    assert (answer.status_code, problem(answer).code) == (405, "method_not_allowed")
    assert answer.headers["allow"] == "POST, OPTIONS"


def test_options_tells_the_methods_of_every_path(client):
    answer = client.options("/api/v1/reviews")
    assert (answer.status_code, answer.headers["allow"], answer.content) == (204, "GET, OPTIONS", b"")
    assert client.options("/nowhere").status_code == 404


@pytest.mark.parametrize("method", ["TRACE", "PROPFIND", "GETT"])
def test_an_unheard_of_method_is_not_allowed(client, method):
    assert client.request(method, "/api/v1/sync/push").status_code == 405


def test_a_missing_token_is_told_how_to_bring_one(client):
    answer = client.get("/api/v1/reviews")
    assert (answer.status_code, problem(answer).code) == (401, "unauthenticated")
    assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize(
    ("path", "decision", "said"),
    [
        ("/wish/2026-13", "keep", "`month`: written like 2026-11"),
        ("/wish/2026-11?state=moon", "keep", "`state`: one of open, all"),
        ("/wish/2026-11?limit=99", "keep", "`limit`: Expected `int` <= 9"),
        ("/wish/2026-11", "burn", "`decision`: one of keep, discard"),
        ("/wish/2026-11", "", "`body`: Object missing required field `decision`"),
    ],
)
def test_a_wrong_parameter_is_told_under_its_own_name_with_what_to_say_instead(client, path, decision, said):
    wrong = problem(client.post(path, json={"decision": decision} if decision else {}))
    assert (wrong.code, wrong.detail) == ("malformed", said)
    assert f"`{wrong.args['errors'][0]['key']}`" in said


def test_a_busy_server_says_when_to_come_back(client):
    answer = client.post("/busy")
    assert (answer.status_code, problem(answer).retry_after_ms, answer.headers["retry-after"]) == (503, 2500, "3")


def test_an_old_app_is_told_what_to_install(client):
    answer = client.post("/old")
    assert (answer.status_code, problem(answer).args) == (426, {"install": "2.0"})
    assert answer.headers["upgrade"] == "padsync"


def test_a_defect_says_nothing_of_what_was_typed(client):
    with structlog.testing.capture_logs() as lines:
        answer = client.get("/break")
    assert (answer.status_code, problem(answer).code) == (500, "internal")
    assert "13800000000" not in answer.text + json.dumps(lines)
    defect = next(line for line in lines if line["event"] == "defect")
    assert defect["error"] == "RuntimeError"
    assert any("break_down" in frame for frame in defect["frames"])


def test_the_log_tells_route_and_status_but_no_names_or_bodies(tablet):
    with structlog.testing.capture_logs() as lines:
        tablet.post("/sync/push", {"mutations": [tablet.form()]}, **{"X-Request-Id": "r-1"})
        tablet.client.get("/api/v1/numbers/3501/2026-11-21", headers=tablet.headers)
    pushed, numbers = (line for line in lines if line["event"] == "request")
    assert {**pushed, "duration_ms": 0} == {
        "event": "request",
        "log_level": "info",
        "request_id": "r-1",
        "route": "/api/v1/sync/push",
        "method": "POST",
        "status": 200,
        "code": None,
        "duration_ms": 0,
        "install_id": tablet.install_id,
    }
    assert numbers["route"] == "/api/v1/numbers/{branch}/{date}"
    assert "lobby" not in json.dumps(lines)


def test_every_class_of_refusal_has_its_own_code():
    def leaves(cls: type[SyncError]) -> list[type[SyncError]]:
        return [cls, *(leaf for below in cls.__subclasses__() for leaf in leaves(below))]

    for refusal in leaves(SyncError):
        told = errors.problem_of(refusal.code)
        assert told.code in {error.code for error in ErrorCode}
        assert 400 <= told.status < 600
