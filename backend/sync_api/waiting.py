"""Long poll: a pull that has nothing to say waits for a poke, holding no thread."""

from backend.live.hub import Hub, Listener
from backend.sync_api.caller import Caller
from backend.sync_api.door import SyncDoor
from contracts.pull import PullRequest, PullResponse
from sync.kind import Actor


def is_idle(answer: PullResponse) -> bool:
    """Tell whether a page holds nothing that a tablet would act on."""
    return answer.complete and not (answer.changes or answer.reset or answer.removed or answer.digests)


async def pull_patiently(door: SyncDoor, hub: Hub, caller: Caller, request: PullRequest) -> PullResponse:
    """Return a page at once if there is something on it or `wait_s` is 0, else as soon as there is or time is up."""
    answer = await door.run(door.pull, caller, request)
    if request.wait_s == 0 or not is_idle(answer):
        return answer
    return await _wait(door, hub, caller, request, await door.run(door.actor, caller))


async def _wait(door: SyncDoor, hub: Hub, caller: Caller, request: PullRequest, actor: Actor) -> PullResponse:
    listener = Listener(actor.buckets)
    hub.join(listener)
    try:
        answer = await door.run(door.pull, caller, request)  # what came before we listened
        if is_idle(answer) and await listener.wait(request.wait_s):
            answer = await door.run(door.pull, caller, request)
        return answer
    finally:
        hub.leave(listener)
