"""The sync routes: read what a tablet says, hand it to the engine, write what the engine answers."""

from typing import Annotated

import msgspec
from litestar import Controller, delete, get, post
from litestar.params import PathParameter
from litestar.response.base import ASGIResponse

from backend.errors import AnyRequest
from backend.sync_api.caller import read_caller, read_stranger
from backend.sync_api.door import door_of
from backend.sync_api.waiting import pull_patiently
from backend.web.bodies import answer_with, read_body, read_body_if_any, speaks
from contracts.auth import PRINTABLE
from contracts.export import export_contract
from contracts.hello import HelloResponse
from contracts.leases import Lease, LeaseRequest, LeaseReturn
from contracts.pull import PullRequest, PullResponse
from contracts.purges import PurgeAckRequest, PurgeAckResponse
from contracts.push import PUSH_BYTES_MAX, PushRequest, PushResponse
from contracts.verify import VerifyRequest, VerifyResponse

LeasePath = Annotated[str, PathParameter(max_length=40, pattern=PRINTABLE)]
MUTATION_BYTES_MIN = 64  # no mutation is shorter, its id and moment alone are longer
CONTRACT = msgspec.json.encode(export_contract())


class LongPush(PushRequest, frozen=True, kw_only=True):
    """A push as it comes in: too many mutations are not malformed but too large, as the engine says (P6)."""

    mutations: Annotated[list[msgspec.Raw], msgspec.Meta(max_length=PUSH_BYTES_MAX // MUTATION_BYTES_MIN)]


class SyncController(Controller):
    """What tablets call (protocol.md §2)."""

    path = "/sync"
    tags = ("sync",)

    @post("/hello", status_code=200, opt=speaks(gives=HelloResponse, is_public=True))
    async def hello(self, request: AnyRequest) -> ASGIResponse:
        """Limits, identities, the server's time, and a challenge for signing in."""
        return answer_with(await door_of(request).hello(read_stranger(request.scope)))

    @post("/push", status_code=200, opt=speaks(takes=PushRequest, gives=PushResponse))
    async def push(self, request: AnyRequest) -> ASGIResponse:
        """Apply a tablet's mutations and answer each one."""
        caller, said = read_caller(request.scope), await read_body(request, LongPush)
        return answer_with(await door_of(request).push(caller, said))

    @post("/pull", status_code=200, opt=speaks(takes=PullRequest, gives=PullResponse))
    async def pull(self, request: AnyRequest) -> ASGIResponse:
        """One page of what changed since a cursor; `wait_s` makes it a long poll."""
        caller, said = read_caller(request.scope), await read_body(request, PullRequest)
        return answer_with(await pull_patiently(door_of(request), caller, said))

    @post("/verify", status_code=200, opt=speaks(takes=VerifyRequest, gives=VerifyResponse))
    async def verify(self, request: AnyRequest) -> ASGIResponse:
        """Where a bucket differs from the server's, narrowed by id prefix."""
        caller, said = read_caller(request.scope), await read_body(request, VerifyRequest)
        return answer_with(await door_of(request).verify(caller, said))

    @post("/leases", status_code=200, opt=speaks(takes=LeaseRequest, gives=Lease))
    async def acquire_lease(self, request: AnyRequest) -> ASGIResponse:
        """A block of queue numbers."""
        caller, said = read_caller(request.scope), await read_body(request, LeaseRequest)
        return answer_with(await door_of(request).acquire_lease(caller, said))

    @delete("/leases/{lease_id:str}", status_code=204, opt=speaks(takes=LeaseReturn))
    async def return_lease(self, lease_id: LeasePath, request: AnyRequest) -> None:
        """Give unused numbers back; without a body, all of them."""
        said = await read_body_if_any(request, LeaseReturn)
        await door_of(request).return_lease(read_caller(request.scope), lease_id, said)

    @post("/purges/ack", status_code=200, opt=speaks(takes=PurgeAckRequest, gives=PurgeAckResponse))
    async def acknowledge_purges(self, request: AnyRequest) -> ASGIResponse:
        """Signed receipts for purge orders; a revoked tablet may still hand them in."""
        caller, said = read_caller(request.scope), await read_body(request, PurgeAckRequest)
        return answer_with(await door_of(request).acknowledge_purges(caller, said))

    @get("/contract")
    async def show_contract(self, request: AnyRequest) -> ASGIResponse:
        """Kinds, fields, merge policies, transitions, privacy classes, error codes, as data and as JSON Schema."""
        await door_of(request).actor(read_stranger(request.scope))
        return answer_with(msgspec.Raw(CONTRACT))
