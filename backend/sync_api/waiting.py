"""Long poll: a pull that has nothing to say waits for a poke, holding no thread."""

import asyncio

from backend.live.hub import Listener
from backend.sync_api.caller import Caller
from backend.sync_api.door import SyncDoor
from contracts.pull import PullRequest, PullResponse


def is_idle(answer: PullResponse) -> bool:
    """Tell whether a page holds nothing that a tablet would act on."""
    return answer.complete and not (answer.changes or answer.reset or answer.removed or answer.digests)


async def pull_patiently(door: SyncDoor, caller: Caller, request: PullRequest) -> PullResponse:
    """Return a page at once if there is something on it or `wait_s` is 0, else as soon as there is or time is up."""
    answer = await door.pull(caller, request)
    return answer if request.wait_s == 0 or not is_idle(answer) else await _wait(door, caller, request)


async def _wait(door: SyncDoor, caller: Caller, request: PullRequest) -> PullResponse:
    clock = asyncio.get_running_loop().time
    until = clock() + request.wait_s
    listener = Listener(await door.buckets_of(caller))
    door.hub.join(listener)
    try:
        listener.begin(await door.read_heads(listener.buckets))  # else the first look of the hub would be news
        answer = await door.pull(caller, request)  # what came before we listened
        while is_idle(answer) and await listener.wait(until - clock()):
            answer = await door.pull(caller, request)
        return answer
    finally:
        door.hub.leave(listener)
