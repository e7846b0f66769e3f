"""Screens: light tablets that listen, pull what moved, and count the line anew, as the reference tablet does."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Raw, Struct

from backend.domain.tickets.rules.line import Place, place_of
from backend.domain.tickets.rules.live import line_of
from contracts.kinds import Counter, Pace
from tests.bench.client import Line, write_request
from tests.bench.load import Ear, Timed

PULL, EVENTS = "/api/v1/sync/pull", "/api/v1/sync/events"
NOW = "2026-11-21T01:40:00.000Z"
SEEN_S_MAX = 10
PAUSE_S = 0.03

_counter = msgspec.json.Decoder(Counter)
_pace = msgspec.json.Decoder(Pace)


class _Change(Struct):
    k: str
    id: str
    d: Raw = Raw(b"null")


class _Page(Struct):
    cursor: str
    complete: bool
    changes: list[_Change] = []


_page = msgspec.json.Decoder(_Page)


class Screen:
    """One tablet: its replica of the branch, and the line that it shows."""

    def __init__(self, line: Line, ear: Ear, headers: Mapping[str, str]) -> None:
        self._line, self._ear, self._headers = line, ear, headers
        self._cursor: str | None = None
        self._places: dict[str, Place] = {}
        self._counters: dict[str, Counter] = {}
        self._pace: Pace | None = None

    @classmethod
    async def open(cls, port: int, headers: Mapping[str, str], bucket: str) -> "Screen":
        """Return a screen that has everything."""
        ear = await Ear.open(port, write_request("GET", EVENTS, headers), bucket)
        screen = cls(await Line.open(port), ear, headers)
        await screen.refresh()
        return screen

    async def see(self, ticket: str) -> float:
        """Return when the screen showed a ticket at a counter."""
        while True:
            await self._ear.heard.wait()
            self._ear.heard.clear()
            await self.refresh()
            shown = line_of(self._places.values(), self._counters.values(), self._pace, NOW)
            if any(counter.ticket_id == ticket for counter in shown.counters):
                return time.perf_counter()

    async def refresh(self) -> None:
        """Pull until nothing is left."""
        is_complete = False
        while not is_complete:
            said = msgspec.json.encode({"cursor": self._cursor})
            page = _page.decode(await self._line.ask(write_request("POST", PULL, self._headers, said)))
            self._cursor, is_complete = page.cursor, page.complete
            for change in page.changes:
                self._take(change)

    def close(self) -> None:
        """Hang up."""
        self._ear.close()
        self._line.close()

    def _take(self, change: _Change) -> None:
        match change.k:
            case "ticket":
                self._places[change.id] = place_of(change.id, msgspec.json.decode(change.d, type=dict[str, Any]))
            case "counter":
                self._counters[change.id] = _counter.decode(change.d)
            case "pace":
                self._pace = _pace.decode(change.d)
            case _:
                pass


async def watch_screens(
    port: int, headers: Sequence[Mapping[str, str]], bucket: str, calls: Sequence[tuple[str, Sequence[bytes]]]
) -> Timed:
    """Call one ticket after another; `calls` holds each ticket with the call and what ends it before the next."""
    screens = [await Screen.open(port, mine, bucket) for mine in headers]
    caller = await Line.open(port)
    seconds: list[float] = []
    began_all = time.perf_counter()
    for ticket, (call, *rest) in calls:
        waiting = [asyncio.create_task(screen.see(ticket)) for screen in screens]
        await asyncio.sleep(PAUSE_S)
        began = time.perf_counter()
        await caller.ask(call)
        async with asyncio.timeout(SEEN_S_MAX):
            seconds += [seen - began for seen in await asyncio.gather(*waiting)]
        for request in rest:
            await caller.ask(request)
        await asyncio.sleep(PAUSE_S)
    for screen in screens:
        screen.close()
    caller.close()
    return Timed(len(seconds), time.perf_counter() - began_all, seconds)
