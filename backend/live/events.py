"""The stream of pokes: the heads of the caller's buckets, and nothing else."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

import msgspec

from backend.live.hub import Hub, Listener, ReadHeads
from sync.errors import SyncError

HEARTBEAT_S = 10.0  # a revoked listener is noticed no later than this
CHECK_S_MIN = 1.0  # pokes come in bursts, and each check is a read
RETRY_MS = 3_000  # how long a client waits before it listens again
HEARTBEAT = b":\n\n"

ReadBuckets = Callable[[], Awaitable[frozenset[str]]]


async def poke_stream(
    hub: Hub,
    read_buckets: ReadBuckets,
    read_heads: ReadHeads,
    buckets: frozenset[str],
    *,
    heartbeat_s: float = HEARTBEAT_S,
) -> AsyncIterator[bytes]:
    """Yield server-sent events: all heads at once, then those that move, and comments when nothing does.

    It ends when the caller was revoked or their buckets have changed, and when the server stops; a client then
    connects again, and learns why.
    """
    listener = Listener(buckets)
    hub.join(listener)
    try:
        heads = await read_heads(buckets)
        listener.begin(heads)
        yield b"retry: %d\n\n" % RETRY_MS + poke(heads)
        async for part in _listen(listener, read_buckets, heartbeat_s):
            yield part
    finally:
        hub.leave(listener)


async def _listen(listener: Listener, read_buckets: ReadBuckets, heartbeat_s: float) -> AsyncIterator[bytes]:
    clock = asyncio.get_running_loop().time
    checked_at = clock()
    while True:
        heads = await listener.wait(heartbeat_s)
        if listener.is_ended:
            return
        yield poke(heads) if heads else HEARTBEAT
        if clock() - checked_at >= CHECK_S_MIN:
            checked_at = clock()
            if not await _may_stay(listener, read_buckets):
                return


async def _may_stay(listener: Listener, read_buckets: ReadBuckets) -> bool:
    try:
        return await read_buckets() == listener.buckets
    except SyncError:
        return False


def poke(heads: Mapping[str, int]) -> bytes:
    """Return the event that tells of these heads."""
    return b"event: poke\ndata: " + msgspec.json.encode({"heads": heads}) + b"\n\n"
