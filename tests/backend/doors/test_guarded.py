"""Every door that says who may knock asks everybody who does."""

import re

from backend.web.openapi import described

ID = "01970000-0000-7000-8000-00000000000a"
LINE = {"branch": "3501", "series": "A", "business_date": "2026-11-21", "want": 1, "request_id": ID}
HELD = {"bucket": "catalog", "have": {"": {"n": 0, "d": "0" * 16}}}
SAID = {"push": {"mutations": []}, "leases": LINE, "verify": HELD, "ack": {"receipts": []}}
METHODS = ("get", "post", "put", "delete", "patch", "head")


def knocks(app):
    """Yield method, path and url of all operations that want a signed-in person, a partner or an operator."""
    for path, item in described(app)["paths"].items():
        for method, operation in item.items():
            if method in METHODS and "security" in operation:
                yield method, path, url_of(path, operation)


def url_of(path, operation):
    """Fill in what must be there; what exists does not matter, for nobody may learn it."""
    parameters = operation.get("parameters", [])
    numbers = {one["name"] for one in parameters if one["schema"].get("type") == "integer"}
    url = re.sub(r"{(\w+)}", lambda name: "1" if name[1] in numbers else ID, path)
    needed = [one["name"] for one in parameters if one["in"] == "query" and one.get("required")]
    return url + ("?" + "&".join(f"{name}=1" for name in needed) if needed else "")


def said(path):
    """Return a body that the doors can read which read it before they ask who it is from."""
    return SAID.get(path.rpartition("/")[2], {})


def test_no_door_opens_to_whoever_brings_no_token(app, client):
    found = {}
    for method, path, url in knocks(app):
        body = said(path) if method in ("post", "put", "patch") else None
        answer = client.request(method.upper(), url, headers={"Sync-Install": ID}, json=body)
        found[f"{method} {path}"] = answer.status_code
    assert len(found) > 60
    assert {name: status for name, status in found.items() if status != 401} == {}
