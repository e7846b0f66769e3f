"""A queue machine as its maker would build it: numbered messages, a journal with the answers, blocks to print from."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import httpx


class LineDown(Exception):
    """The machine has no line, or the answer got lost on its way."""


class QueueMachine:
    """Prints numbers with a line and without, and says what counters do; `now` is its clock, written as RFC 3339.

    `refuse` is asked before each request, `lose` after it: a test decides by them what the line does.
    """

    def __init__(self, client: httpx.Client, key: str, now: Callable[[], str], *, series: str = "A") -> None:
        self._client, self._headers, self._now = client, {"Authorization": f"Bearer {key}"}, now
        self.series = series
        self.journal: list[dict[str, Any]] = []  # every message that was ever said, with its answer once there is one
        self.acked = 0  # as far as this machine knows
        self.blocks: list[dict[str, Any]] = []  # leases, each with the number that comes next
        self._wanted: dict[tuple[str, str], str] = {}  # day, series → the request for a block that was not answered yet
        self.letter: str | None = None
        self.beyond = 0  # the last number of the overflow series
        self.refuse: Callable[[], bool] = lambda: False
        self.lose: Callable[[], bool] = lambda: False

    # --- words

    def say(self, type: str, **told: Any) -> dict[str, Any]:
        """Put a message into the journal; `sync` hands it in."""
        message = {"n": len(self.journal) + 1, "type": type, "at": self._now(), **told}
        self.journal.append(message)
        return message

    def ask(self, type: str, **told: Any) -> dict[str, Any]:
        """Say something that needs an answer now. Raises LineDown; the message then stays in the journal."""
        message = self.say(type, **told)
        self.sync()
        answered: dict[str, Any] = message["answered"]
        return answered

    def print_number(self, date: str, series: str | None = None, **told: Any) -> tuple[str, int]:
        """Print the next number from a block, or of the overflow series; return its letter ("" for none) and number."""
        series = series or self.series
        for block in self.blocks:
            if block["business_date"] == date and block["series"] == series and block["next"] <= block["hi"]:
                block["next"] += 1
                self.say("issue", series=series, number=block["next"] - 1, business_date=date, **told)
                return "", block["next"] - 1
        assert self.letter is not None, "a machine that never had a line prints nothing"
        self.beyond += 1
        self.say(
            "issue", series=series, number=self.beyond, overflow=self.letter, business_date=date, **told
        )  # fmt: skip
        return self.letter, self.beyond

    # --- the line

    def sync(self) -> None:
        """Hand in all that was not answered, from where the server wants it. Raises LineDown."""
        while self.acked < len(self.journal):
            said = self._post(
                "/machine/messages",
                {"sent_at": self._now(), "messages": self.journal[self.acked : self.acked + 100]},
            )
            for answer in said["answers"]:
                self.journal[answer["n"] - 1]["answered"] = answer
            self.acked = said["ack_n"] if said["expected_n"] is None else said["expected_n"] - 1

    def take_block(self, date: str, want: int = 10, series: str | None = None) -> dict[str, Any]:
        """Get a block of numbers to print from; the same request until it is answered. Raises LineDown."""
        tokens = [block["token"] for block in self.blocks][-50:]
        series = series or self.series
        request_id = self._wanted.setdefault((date, series), str(uuid4()))
        asked = {
            "series": series, "business_date": date, "want": want, "request_id": request_id, "held": tokens
        }  # fmt: skip
        block = self._post("/machine/blocks", asked)
        del self._wanted[date, series]
        self.letter = block["overflow"]
        self.blocks.append(block | {"next": block["lo"]})
        return block

    def end_day(self, date: str) -> None:
        """Give back what was not printed. Raises LineDown."""
        for block in [one for one in self.blocks if one["business_date"] == date]:
            unused = list(range(block["next"], block["hi"] + 1))
            self._call("DELETE", f"/machine/blocks/{block['lease_id']}", {"unused": unused})
            self.blocks.remove(block)

    def _post(self, path: str, said: Any) -> dict[str, Any]:
        answer: dict[str, Any] = self._call("POST", path, said).json()
        return answer

    def _call(self, method: str, path: str, said: Any) -> httpx.Response:
        if self.refuse():
            raise LineDown
        answer = self._client.request(method, f"/api/v1{path}", headers=self._headers, json=said)
        assert answer.status_code < 400, answer.text
        if self.lose():
            raise LineDown
        return answer
