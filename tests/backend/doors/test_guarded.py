"""Every door that says who may knock asks everybody who does."""

import re

from tests.backend.doors.test_pages import described

ID = "01970000-0000-7000-8000-00000000000a"
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


def test_no_door_opens_to_whoever_brings_no_token(app, client):
    found = {
        f"{method} {path}": client.request(
            method.upper(), url, json={} if method in ("post", "put", "patch") else None
        ).status_code
        for method, path, url in knocks(app)
    }  # fmt: skip
    assert len(found) > 60
    assert {name: status for name, status in found.items() if status != 401} == {}
