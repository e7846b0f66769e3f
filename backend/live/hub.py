"""Who listens for which buckets in this process, and the newest heads that they have not been told."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Mapping

import structlog

from sync.errors import Busy

LISTENERS_MAX = 5_000  # of one process
RETRY_AFTER_MS = 5_000
PAUSE_S = 0.5  # after heads could not be read

ReadHeads = Callable[[Collection[str]], Awaitable[Mapping[str, int]]]

_log = structlog.get_logger("padsync.live")


class Listener:
    """One waiting tablet.

    Heads that it has not taken yet are merged, so a slow listener costs no more than a quick one.
    """

    def __init__(self, buckets: Collection[str]) -> None:
        self.buckets = frozenset(buckets)
        self.is_ended = False
        self._known: dict[str, int] = {}
        self._heads: dict[str, int] = {}
        self._something = asyncio.Event()

    def begin(self, heads: Mapping[str, int]) -> None:
        """Note what the tablet knows already."""
        self._known = {bucket: max(head, self._known.get(bucket, head)) for bucket, head in heads.items()}

    def tell(self, bucket: str, head: int) -> None:
        """Note a newer head of one of this listener's buckets."""
        if head > self._known.get(bucket, -1):
            self._known[bucket] = self._heads[bucket] = head
            self._something.set()

    def end(self) -> None:
        """Let the listener know that nothing more will come."""
        self.is_ended = True
        self._something.set()

    async def wait(self, wait_s: float) -> dict[str, int]:
        """Return the newest heads as soon as there are any; nothing after `wait_s`, or at the end."""
        try:
            async with asyncio.timeout(wait_s):
                await self._something.wait()
        except TimeoutError:
            return {}
        self._something.clear()
        heads, self._heads = self._heads, {}
        return heads


class Hub:
    """Hands the heads after each commit to the listeners of those buckets; lives on one event loop.

    With `poll_s` it also looks by itself, for commits that another process made.
    """

    def __init__(self, read_heads: ReadHeads, *, poll_s: float | None = None) -> None:
        self._read_heads = read_heads
        self._poll_s = poll_s
        self._listeners: dict[str, set[Listener]] = defaultdict(set)
        self._everybody: set[Listener] = set()
        self._known: dict[str, int] = {}
        self._moved: set[str] = set()
        self._something = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    def committed(self, buckets: Collection[str]) -> None:
        """Take the buckets that a commit has moved, from any thread; waking the loop for nobody would cost a push."""
        loop = self._loop
        if loop is not None and any(bucket in self._listeners for bucket in buckets):
            loop.call_soon_threadsafe(self._note, buckets)

    async def run(self) -> None:
        """Read the heads of what has moved and tell them, until cancelled; commits that come meanwhile are merged."""
        self._loop = asyncio.get_running_loop()
        try:
            while True:
                await self._round()
        finally:
            self.close()

    def close(self) -> None:
        """End every listener, so that a server that stops does not wait for them."""
        self._loop = None
        for listener in self._everybody:
            listener.end()

    def join(self, listener: Listener) -> None:
        """Let `listener` hear of its buckets from now on. Raises Busy when no more fit."""
        if len(self._everybody) >= LISTENERS_MAX:
            raise Busy("Too many listeners; poll instead.", retry_after_ms=RETRY_AFTER_MS)
        self._everybody.add(listener)
        for bucket in listener.buckets:
            self._listeners[bucket].add(listener)

    def leave(self, listener: Listener) -> None:
        """Forget `listener`; one that has left already may leave again."""
        self._everybody.discard(listener)
        for bucket in listener.buckets & self._listeners.keys():
            self._listeners[bucket].discard(listener)
            if not self._listeners[bucket]:
                del self._listeners[bucket]
                self._known.pop(bucket, None)

    def __len__(self) -> int:
        return len(self._everybody)

    def _note(self, buckets: Collection[str]) -> None:
        heard = self._listeners.keys() & set(buckets)
        if heard:
            self._moved |= heard
            self._something.set()

    async def _round(self) -> None:
        try:
            async with asyncio.timeout(self._poll_s):
                await self._something.wait()
        except TimeoutError:
            self._moved |= self._listeners.keys()
        self._something.clear()
        moved, self._moved = self._moved & self._listeners.keys(), set()
        try:
            self._tell(await self._read_heads(moved) if moved else {})
        except Exception as error:  # a database that is away for a moment must not end all listening
            _log.warning("heads_unread", error=type(error).__qualname__)
            await asyncio.sleep(PAUSE_S)
            self._note(moved)

    def _tell(self, heads: Mapping[str, int]) -> None:
        for bucket, head in heads.items():
            if self._known.get(bucket) != head:
                self._known[bucket] = head
                for listener in self._listeners.get(bucket, ()):
                    listener.tell(bucket, head)
