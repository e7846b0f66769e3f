"""Pokes: who hears what, how soon, and when listening ends."""

import asyncio
import threading
import time
from collections.abc import Iterator

import httpx
import msgspec
import pytest

from backend.auth.revocation import revoke_install
from backend.live import events
from backend.live.events import poke_stream
from backend.live.hub import Hub, Listener
from sync.errors import Busy
from tests.backend.doors.real import bank

LISTENERS = 50


class Heads:
    """Bucket heads as the database would tell them."""

    def __init__(self, **heads: int) -> None:
        self.heads = heads
        self.reads = 0
        self.is_away = False

    async def __call__(self, buckets):
        self.reads += 1
        if self.is_away:
            raise Busy
        return {bucket: self.heads.get(bucket, 0) for bucket in buckets}


async def with_hub(heads, test, **options):
    hub = Hub(heads, **options)
    running = asyncio.create_task(hub.run())
    await asyncio.sleep(0)
    try:
        return await asyncio.wait_for(test(hub), 20)
    finally:
        running.cancel()


def test_a_listener_hears_only_of_its_own_buckets():
    async def test(hub):
        mine, other = Listener({"a", "b"}), Listener({"c"})
        hub.join(mine)
        hub.join(other)
        hub.committed({"a", "x"})
        assert await mine.wait(5) == {"a": 7}
        assert await other.wait(0.05) == {}

    asyncio.run(with_hub(Heads(a=7, x=1), test))


def test_a_slow_listener_gets_the_newest_heads_and_nothing_twice():
    heads = Heads(a=1, b=1)

    async def test(hub):
        slow, quick = Listener({"a", "b"}), Listener({"a"})
        hub.join(slow)
        hub.join(quick)
        for head in range(2, 200):
            heads.heads["a"] = head
            hub.committed({"a"})
            await quick.wait(1)
        hub.committed({"b"})
        await asyncio.sleep(0.05)
        assert await slow.wait(1) == {"a": 199, "b": 1}
        assert await slow.wait(0.05) == {}

    asyncio.run(with_hub(heads, test))


def test_buckets_that_nobody_listens_for_are_not_read():
    heads = Heads(a=1)

    async def test(hub):
        listener = Listener({"b"})
        hub.join(listener)
        hub.committed({"a"})
        await asyncio.sleep(0.02)
        assert heads.reads == 0

    asyncio.run(with_hub(heads, test))


def test_commits_of_another_process_are_noticed_by_looking():
    heads = Heads(a=1)

    async def test(hub):
        listener = Listener({"a"})
        hub.join(listener)
        assert await listener.wait(5) == {"a": 1}
        heads.heads["a"] = 2
        assert await listener.wait(5) == {"a": 2}

    asyncio.run(with_hub(heads, test, poll_s=0.02))


def test_a_database_that_is_away_for_a_moment_ends_no_listening(monkeypatch):
    monkeypatch.setattr("backend.live.hub.PAUSE_S", 0.01)
    heads = Heads(a=5)
    heads.is_away = True

    async def test(hub):
        listener = Listener({"a"})
        hub.join(listener)
        hub.committed({"a"})
        await asyncio.sleep(0.05)
        heads.is_away = False
        assert await listener.wait(5) == {"a": 5}

    asyncio.run(with_hub(heads, test))


def test_a_full_hub_asks_for_polling_instead(monkeypatch):
    monkeypatch.setattr("backend.live.hub.LISTENERS_MAX", 1)

    async def test(hub):
        hub.join(Listener({"a"}))
        with pytest.raises(Busy):
            hub.join(Listener({"a"}))

    asyncio.run(with_hub(Heads(), test))


def test_a_stream_beats_while_nothing_happens_and_ends_with_the_right_to_listen(monkeypatch):
    monkeypatch.setattr(events, "CHECK_S_MIN", 0)
    buckets = [frozenset({"a"}), frozenset({"a"}), frozenset({"a", "b"})]

    async def read_buckets():
        return buckets.pop(0)

    async def test(hub):
        stream = poke_stream(hub, read_buckets, Heads(a=3), frozenset({"a"}), heartbeat_s=0.01)
        parts = [part async for part in stream]
        assert parts == [b"retry: 3000\n\n" + events.poke({"a": 3}), b":\n\n", b":\n\n", b":\n\n"]
        assert len(hub) == 0

    asyncio.run(with_hub(Heads(a=3), test))


def heads_of(lines: Iterator[str]) -> dict[str, int]:
    """Return the heads of the next poke on a stream."""
    data = next(line for line in lines if line.startswith("data: "))
    return msgspec.json.decode(data.removeprefix("data: "), type=dict[str, dict[str, int]])["heads"]


@pytest.fixture(scope="module")
def real(tmp_path_factory):
    with bank(tmp_path_factory.mktemp("bank") / "data") as real:
        yield real


def test_a_push_pokes_whoever_listens_with_heads_and_no_data(real):
    one, two = real.tablet("one"), real.tablet("two")
    with two.client.stream("GET", "/api/v1/sync/events", headers=two.headers) as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        assert "content-encoding" not in stream.headers
        lines = stream.iter_lines()
        before = heads_of(lines)
        assert before.keys() == {"catalog", "staff:two", f"install:{two.install_id}", "branch:3501", "team:3501"}
        one.push(one.form())
        assert heads_of(lines) == {"branch:3501": before["branch:3501"] + 1}


def test_a_revoked_tablet_hears_no_more(real):
    tablet, pusher = real.tablet("three"), real.tablet("four")
    with tablet.client.stream("GET", "/api/v1/sync/events", headers=tablet.headers) as stream:
        lines = stream.iter_lines()
        heads_of(lines)
        revoke_install(real.staffing.auth, tablet.install_id, "admin")
        time.sleep(events.CHECK_S_MIN)
        pusher.push(pusher.form())
        assert [line for line in lines if line.startswith("data: ")][1:] == []
    assert tablet.client.get("/api/v1/sync/events", headers=tablet.headers).json()["code"] == "revoked"


class Ear(threading.Thread):
    """One listening tablet, and when it heard which head of a bucket."""

    def __init__(self, url: str, tablet, bucket: str) -> None:
        super().__init__(daemon=True)
        self.url, self.headers, self.bucket = url, tablet.headers, bucket
        self.heard: dict[int, float] = {}
        self.is_listening = threading.Event()

    def run(self) -> None:
        with httpx.stream("GET", f"{self.url}/api/v1/sync/events", headers=self.headers, timeout=30) as stream:
            for line in stream.iter_lines():
                if line.startswith("data: "):
                    head = msgspec.json.decode(line[6:], type=dict[str, dict[str, int]])["heads"].get(self.bucket)
                    self.is_listening.set()
                    if head is not None:
                        self.heard.setdefault(head, time.monotonic())


def test_fifty_listeners_all_hear_of_every_push(tmp_path):
    with bank(tmp_path / "data") as real:
        tablet = real.tablet("all")
        ears = [Ear(real.server.url, tablet, "branch:3501") for _ in range(LISTENERS)]
        for ear in ears:
            ear.start()
        assert all(ear.is_listening.wait(20) for ear in ears)
        tablet.push(tablet.form())
        give_up_at = time.monotonic() + 10
        while any(1 not in ear.heard for ear in ears) and time.monotonic() < give_up_at:
            time.sleep(0.01)
        assert sum(1 in ear.heard for ear in ears) == LISTENERS
        began = time.monotonic()
        assert real.server.stop() == 0
        assert time.monotonic() - began < 20  # a server that stops does not wait for those who listen
