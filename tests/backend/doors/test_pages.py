"""Pages and probes: documentation without internet, health, counters."""

import re
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from backend.web.error_page import error_page
from backend.web.health import Readiness, is_migrated
from backend.web.openapi import described
from backend.web.pages import ASSETS, read_asset
from contracts.errors import ErrorCode
from contracts.export import message_schemas

ELSEWHERE = re.compile(rb"""(?:src|href|url|@import)\s*[=(:]?\s*["'(]?\s*(?:https?:)?//""")


def samples(client, name: str) -> dict[tuple[str, ...], float]:
    """Return the values of one counter by its labels."""
    families = text_string_to_metric_families(client.get("/metrics").text)
    found = [sample for family in families for sample in family.samples if sample.name == name]
    return {tuple(sample.labels.values()): sample.value for sample in found}


def test_the_documentation_pages_load_only_from_this_server(client):
    loaded: set[str] = set()
    for path in ("/", "/docs", "/docs/errors"):
        page = client.get(path)
        assert page.status_code == 200
        assert page.headers["content-security-policy"].startswith("default-src 'self'")
        assert ELSEWHERE.search(page.content) is None
        loaded |= set(re.findall(r'(?:src|href)="([^"]+)"', page.text))
    assert {Path(path).name for path in loaded} == set(ASSETS)
    for path in loaded:
        asset = client.get(path)
        assert (asset.status_code, len(asset.content) > 100) == (200, True)


def test_the_styles_name_no_other_host():
    assert ELSEWHERE.search(read_asset("swagger-ui.css")[0]) is None
    assert b"validatorUrl: null" in read_asset("docs.js")[0]


@pytest.mark.parametrize("name", ["swagger-ui.js", "..%2fdocs.html", "nothing"])
def test_only_listed_assets_are_served(client, name):
    assert client.get(f"/docs/assets/{name}").status_code == 404


def test_every_error_code_has_an_anchor_where_problems_point(client):
    page = client.get("/docs/errors").text
    for error in ErrorCode:
        assert f'id="{error.code}"' in page
        assert error.meaning.split(";")[0].split("'")[0] in page.replace("&quot;", '"')


def test_the_openapi_document_describes_the_messages_as_the_contract_does(client):
    document = client.get("/openapi.json").json()
    assert document["openapi"].startswith("3.1")
    push = document["paths"]["/api/v1/sync/push"]["post"]
    asked = push["requestBody"]["content"]["application/json"]["schema"]
    answered = push["responses"]["200"]["content"]["application/json"]["schema"]
    assert (asked, answered) == (
        {"$ref": "#/components/schemas/PushRequest"},
        {"$ref": "#/components/schemas/PushResponse"},
    )
    assert document["components"]["schemas"]["PushRequest"] == message_schemas()["PushRequest"]
    assert push["security"] == [{"token": []}]
    assert "security" not in document["paths"]["/api/v1/sync/hello"]["post"]


def test_the_openapi_document_names_nothing_that_it_does_not_hold(app):
    document = described(app)
    names = set(re.findall(r"#/components/schemas/([A-Za-z0-9_.\[\]-]+)", str(document)))
    assert names - document["components"]["schemas"].keys() == set()


def test_a_server_that_can_work_says_so(app, client):
    assert client.get("/health/live").json() == {"status": "ok"}
    assert client.get("/health/ready").json() == {"database": True, "migrations": True, "disk": True}
    assert is_migrated(app.state.house.store.engine)


def test_a_server_whose_database_is_behind_is_not_ready(app, client):
    app.state.house.store.write(lambda unit: unit.connection.exec_driver_sql("DELETE FROM alembic_version"))
    answer = client.get("/health/ready")
    assert (answer.status_code, answer.json()["migrations"]) == (503, False)


def test_a_check_that_breaks_does_not_hold():
    def broken() -> bool:
        raise OSError

    assert Readiness({"fine": lambda: True, "broken": broken}).look() == {"fine": True, "broken": False}


def test_the_counters_count_pushes_pulls_refusals_and_alarms(tablet):
    client, before = tablet.client, samples(tablet.client, "padsync_pulls_total")
    tablet.push(tablet.form(), tablet.form(), tablet.mutation("no_such_kind", "create"))
    tablet.pull()
    tablet.post("/sync/pull", {"cursor": "v1.forged"})
    assert samples(client, "padsync_mutations_total") == {("applied",): 2, ("parked",): 1}
    assert samples(client, "padsync_pushes_total") == {(): 1}
    assert samples(client, "padsync_pulls_total")[("yes",)] == before[("yes",)] + 1
    assert samples(client, "padsync_refusals_total") == {("cursor_invalid",): 1}
    assert samples(client, "padsync_security_events_total") == {("cursor_invalid",): 1}


def test_the_counters_name_routes_and_no_person_or_record(tablet):
    tablet.push(tablet.form())
    tablet.client.get("/api/v1/numbers/3501/2026-11-21", headers=tablet.headers)
    tablet.client.get("/some/path/13800000000")
    text = tablet.client.get("/metrics").text
    for route in ("/api/v1/sync/push", "/api/v1/numbers/{branch}/{date}", "unknown"):
        assert f'route="{route}"' in text
    for personal in ("13800000000", tablet.install_id, "lobby", "3501"):
        assert personal not in text


def test_the_error_page_is_made_of_every_code():
    assert error_page().count("\n### ") == len(ErrorCode)
