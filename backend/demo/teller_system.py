"""A teller system in a few lines: loads forms at a counter, tells what became of them, and asks again when it must."""

from itertools import count
from typing import Any

import httpx


class TellerSystem:
    """Speaks as docs/teller-systems.md says; `last` is what it asked last, to ask it again after a lost answer."""

    def __init__(self, client: httpx.Client, key: str, name: str = "t") -> None:
        self.client, self.key = client, key
        self._ids = (f"{name}-{n}" for n in count(1))
        self.last: tuple[str, dict[str, Any]] = ("", {})

    def load(self, code: str | None = None, **asked: Any) -> httpx.Response:
        """Ask for a form by its pick-up code, or by `ticket=`."""
        named = {"pick_up_code": code} if code is not None else {}
        return self.ask("load", {"request_id": next(self._ids), "teller": "T01", **named, **asked})

    def tell(self, form_id: str, outcome: str, **told: Any) -> httpx.Response:
        """Tell what became of a form."""
        return self.ask("results", {"request_id": next(self._ids), "form_id": form_id, "outcome": outcome, **told})

    def again(self, **other: Any) -> httpx.Response:
        """Ask the same again, or something else under the same id."""
        call, body = self.last
        return self.ask(call, body | other)

    def ask(self, call: str, body: dict[str, Any]) -> httpx.Response:
        self.last = (call, body)
        headers = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"}
        return self.client.post(f"/api/v1/teller/{call}", json=body, headers=headers)
