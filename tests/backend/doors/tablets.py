"""Tablets that speak HTTP, as plainly as can be, so that a test can also speak wrongly."""

from itertools import count
from typing import Any
from uuid import UUID

import httpx
import msgspec

from backend.auth.parts import Auth
from contracts.push import PushResponse
from sync.signing import canonical, sign
from tests.backend.auth.people import House, Tablet

IDS = count(1)


def new_id() -> str:
    """Return a record's id that no other test has."""
    return str(UUID(int=(0x0197 << 112) + (7 << 76) + (8 << 60) + next(IDS)))


class Staffing(House):
    """Hires people and hands out tablets, past HTTP."""

    def __init__(self, auth: Auth, client: httpx.Client) -> None:
        super().__init__(auth, auth.clock)  # type: ignore[arg-type]  # only read here
        self.client = client

    def tablet(self, staff_no: str, org_id: str = "3501") -> "HttpTablet":  # type: ignore[override]  # it speaks HTTP
        tablet = Tablet(self).enrol(org_id)
        tablet.sign_in(staff_no)
        return HttpTablet(self.client, tablet)


class HttpTablet:
    """A signed-in tablet; `n` counts its mutations."""

    def __init__(self, client: httpx.Client, tablet: Tablet) -> None:
        self.client = client
        self.tablet = tablet
        self.n = 0

    @property
    def install_id(self) -> str:
        return self.tablet.install_id

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": self.tablet.bearer, "Sync-Install": self.install_id, "Sync-Schema": "1"}

    def post(self, path: str, body: Any = None, **headers: str) -> httpx.Response:
        """Post a body as JSON, or bytes as they are."""
        said = {"content": body} if isinstance(body, bytes) else {"json": body}
        headers = {"Content-Type": "application/json"} | headers
        return self.client.post(f"/api/v1{path}", headers=self.headers | headers, **said)

    def get(self, path: str, **headers: str) -> httpx.Response:
        return self.client.get(f"/api/v1{path}", headers=self.headers | headers)

    def form(self, **other: Any) -> dict[str, Any]:
        """The next mutation: the creation of a form."""
        body = {"branch_id": "3501", "template_id": new_id(), "phone": "13800000000"}
        return self.mutation("form", "create", set=body) | other

    def mutation(self, kind: str, op: str, **other: Any) -> dict[str, Any]:
        self.n += 1
        made_at = {"wall": "2026-11-21T09:30:00.000+08:00", "boot": "b", "mono_ms": 1}
        return {"n": self.n, "kind": kind, "id": new_id(), "op": op, "made_at": made_at} | other

    def signed(self, mutation: dict[str, Any]) -> dict[str, Any]:
        return mutation | {"sig": sign(self.tablet.key, canonical(mutation))}

    def push(self, *mutations: dict[str, Any]) -> PushResponse:
        answer = self.post("/sync/push", {"mutations": mutations})
        assert answer.status_code == 200, answer.text
        return msgspec.json.decode(answer.content, type=PushResponse)

    def pull(self, cursor: str | None = None, **other: Any) -> dict[str, Any]:
        answer = self.post("/sync/pull", {"cursor": cursor} | other)
        assert answer.status_code == 200, answer.text
        return msgspec.json.decode(answer.content, type=dict[str, Any])

    def caught_up(self) -> str:
        """Pull until nothing is left, and return the cursor."""
        page = self.pull()
        while not page["complete"]:
            page = self.pull(page["cursor"])
        return str(page["cursor"])
