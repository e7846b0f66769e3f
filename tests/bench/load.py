"""The load: tablets in a process of their own, on the cores that the server does not use."""

import asyncio
import gc
import os
import re
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any

from msgspec import Struct

from tests.bench.client import Line, write_request
from tests.bench.servers import cores

CURSOR = re.compile(rb'"cursor":"([^"]+)","complete":(true|false)')
AFTER = re.compile(rb'^\{"after":(\d+),')
HEADS = re.compile(rb'"(branch:[^"]+)":(\d+)')
PAUSE_S = 0.03
HEARD_S_MAX = 10


class Timed(Struct, frozen=True):
    """What a load did, and how long each request took."""

    count: int
    elapsed_s: float
    seconds: list[float] = []
    bytes_max: int = 0
    processor_s: float = 0.0  # of the server

    @property
    def rate(self) -> float:
        """Things a second."""
        return self.count / self.elapsed_s


class Load:
    """Runs loads in the other process, one at a time."""

    def __init__(self) -> None:
        self._pool = ProcessPoolExecutor(1, get_context("spawn"), initializer=_settle_down)

    def close(self) -> None:
        """End the process."""
        self._pool.shutdown()

    def post(self, port: int, requests: Sequence[Sequence[bytes]], marks: bytes) -> Timed:
        """Return how the requests of all tablets went, each tablet's in order; `count` counts marks in answers."""
        return self._timed(_post, port, requests, marks)

    def repeat(self, port: int, requests: Sequence[bytes], times: int) -> Timed:
        """Return how it went when each tablet sent its one request again and again."""
        return self._timed(_repeat, port, requests, times)

    def first_sync(self, port: int, path: str, headers: Sequence[Mapping[str, str]], mark: bytes) -> Timed:
        """Return how it went when tablets read everything, page by page; `count` counts marks."""
        return self._timed(_first_sync, port, path, headers, mark)

    def pokes(self, port: int, listeners: Sequence[bytes], pushes: Sequence[bytes], bucket: str) -> Timed:
        """Return how long after each push was *sent* each listener heard of it; `count` counts pokes heard."""
        return self._timed(_pokes, port, listeners, pushes, bucket)

    def run(self, work: Callable[..., Coroutine[Any, Any, Timed]], *arguments: Any) -> Timed:
        """Return how a load of another module went."""
        return self._timed(work, *arguments)

    def answers(self, port: int, requests: Sequence[bytes]) -> list[bytes]:
        """Return the answers of a few requests."""
        answers: list[bytes] = self._pool.submit(_run, _answers, port, requests).result()
        return answers

    def _timed(self, work: Callable[..., Coroutine[Any, Any, Timed]], *arguments: Any) -> Timed:
        timed: Timed = self._pool.submit(_run, work, *arguments).result()
        return timed


def _settle_down() -> None:
    os.sched_setaffinity(0, cores()[1])
    gc.set_threshold(100_000, 50, 100)


def _run(work: Callable[..., Coroutine[Any, Any, Any]], *arguments: Any) -> Any:
    gc.collect()
    return asyncio.run(work(*arguments))


async def _answers(port: int, requests: Sequence[bytes]) -> list[bytes]:
    line = await Line.open(port)
    answers = [await line.ask(request) for request in requests]
    line.close()
    return answers


async def _post(port: int, requests: Sequence[Sequence[bytes]], marks: bytes) -> Timed:
    async def tablet(line: Line, mine: Sequence[bytes]) -> int:
        done = 0
        for request in mine:
            began = time.perf_counter()
            answer = await line.ask(request)
            seconds.append(time.perf_counter() - began)
            done += answer.count(marks)
        return done

    seconds: list[float] = []
    return await _together(port, requests, tablet, seconds)


async def _repeat(port: int, requests: Sequence[bytes], times: int) -> Timed:
    async def tablet(line: Line, request: bytes) -> int:
        for _ in range(times):
            began = time.perf_counter()
            size[0] = max(size[0], len(await line.ask(request)))
            seconds.append(time.perf_counter() - began)
        return times

    seconds: list[float] = []
    size = [0]
    timed = await _together(port, requests, tablet, seconds)
    return Timed(timed.count, timed.elapsed_s, seconds, size[0])


async def _first_sync(port: int, path: str, headers: Sequence[Mapping[str, str]], mark: bytes) -> Timed:
    async def tablet(line: Line, mine: Mapping[str, str]) -> int:
        body: bytes | None = b'{"after":0}' if path == "/pull" else b"{}"
        count = 0
        while body is not None:
            began = time.perf_counter()
            page = await line.ask(write_request("POST", path, mine, body))
            seconds.append(time.perf_counter() - began)
            found = page.count(mark)
            count += found
            body = _next_bare(page, found) if path == "/pull" else _next(page)
        return count

    seconds: list[float] = []
    return await _together(port, headers, tablet, seconds)


def _next(page: bytes) -> bytes | None:
    found = CURSOR.search(page, 0, 20_000)
    assert found is not None
    return None if found[2] == b"true" else b'{"cursor":"%s"}' % found[1]


def _next_bare(page: bytes, found: int) -> bytes | None:
    after = AFTER.match(page)
    assert after is not None
    return b'{"after":%s}' % after[1] if found else None


async def _together(port: int, works: Sequence[Any], tablet: Any, seconds: list[float]) -> Timed:
    lines = [await Line.open(port) for _ in works]
    began = time.perf_counter()
    counts = await asyncio.gather(*(tablet(line, work) for line, work in zip(lines, works, strict=True)))
    elapsed_s = time.perf_counter() - began
    for line in lines:
        line.close()
    return Timed(sum(counts), elapsed_s, seconds)


async def _pokes(port: int, listeners: Sequence[bytes], pushes: Sequence[bytes], bucket: str) -> Timed:
    """Push again and again; a listener has heard of a push when the head of its bucket has risen."""
    ears = [await Ear.open(port, request, bucket) for request in listeners]
    line = await Line.open(port)
    seconds: list[float] = []
    began_all = time.perf_counter()
    for push in pushes:
        for ear in ears:
            ear.heard.clear()
        began = time.perf_counter()
        await line.ask(push)
        async with asyncio.timeout(HEARD_S_MAX):
            await asyncio.gather(*(ear.heard.wait() for ear in ears))
        seconds += [ear.heard_at - began for ear in ears]
        await asyncio.sleep(PAUSE_S)
    for ear in ears:
        ear.close()
    line.close()
    return Timed(len(seconds), time.perf_counter() - began_all, seconds)


class Ear(asyncio.Protocol):
    """Listens to server-sent events and notes when a bucket's head rose."""

    def __init__(self, request: bytes, bucket: str) -> None:
        self._request, self._bucket = request, bucket.encode()
        self._transport: asyncio.Transport | None = None
        self.head, self.heard_at = -1, 0.0
        self.heard = asyncio.Event()

    @classmethod
    async def open(cls, port: int, request: bytes, bucket: str) -> "Ear":
        """Return an ear that has heard of the bucket once."""
        loop = asyncio.get_running_loop()
        _, ear = await loop.create_connection(lambda: cls(request, bucket), "127.0.0.1", port)
        await asyncio.wait_for(ear.heard.wait(), HEARD_S_MAX)
        return ear

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask to hear."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        """Note the heads that rose."""
        for bucket, head in HEADS.findall(data):
            if bucket == self._bucket and int(head) > self.head:
                self.head, self.heard_at = int(head), time.perf_counter()
                self.heard.set()

    def close(self) -> None:
        """Hang up."""
        if self._transport is not None:
            self._transport.close()
