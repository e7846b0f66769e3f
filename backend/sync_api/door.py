"""The calls of the protocol behind the routes: who asks, then what they ask, in one hop to a thread."""

import asyncio
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from backend.auth.guard import Authenticator
from backend.auth.parts import Auth
from backend.auth.signing_in import sign_ins_of
from backend.sync_api.caller import Caller
from backend.web.metrics import Metrics
from contracts.hello import HelloResponse
from contracts.leases import Lease, LeaseRequest, LeaseReturn
from contracts.pull import PullRequest, PullResponse
from contracts.purges import PurgeAckRequest, PurgeAckResponse
from contracts.push import PushRequest, PushResponse
from contracts.verify import VerifyRequest, VerifyResponse
from sync.engine import Engine
from sync.kind import Actor

P = ParamSpec("P")
T = TypeVar("T")

THREADS = 32  # a push waits for the disk in one of these; many waiting together commit together
NOBODY = "00000000-0000-0000-0000-000000000000"


class SyncDoor:
    """Every sync call: authenticates, asks the engine, counts."""

    def __init__(self, engine: Engine, auth: Auth, authenticator: Authenticator, metrics: Metrics) -> None:
        self.engine = engine
        self.auth = auth
        self.authenticator = authenticator
        self.metrics = metrics
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="sync")

    async def run(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a blocking call beside the event loop."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, lambda: call(*args, **kwargs))

    def close(self) -> None:
        """Let running calls end."""
        self._threads.shutdown(wait=True)

    def actor(self, caller: Caller) -> Actor:
        """Return who asks. Raises Unauthenticated or Revoked."""
        return self.authenticator.authenticate(caller.authorization, caller.install_id, caller.schema)

    def hello(self, caller: Caller) -> HelloResponse:
        """Answer a hello; whoever shows a token also hears of their purge orders, even once revoked."""
        install_id = caller.install_id or NOBODY
        purges = self.engine.purge_orders(self._identify(caller)) if caller.authorization else []
        return self.engine.hello(install_id, sign_ins_of(self.auth, install_id), purges)

    def push(self, caller: Caller, request: PushRequest) -> PushResponse:
        """Settle mutations."""
        answer = self.engine.push(request, self.actor(caller), caller.clock)
        self.metrics.note_push(answer)
        return answer

    def pull(self, caller: Caller, request: PullRequest) -> PullResponse:
        """Return one page."""
        answer = self.engine.pull(request, self.actor(caller))
        self.metrics.note_pull(answer)
        return answer

    def verify(self, caller: Caller, request: VerifyRequest) -> VerifyResponse:
        """Tell what differs."""
        return self.engine.verify(request, self.actor(caller))

    def acquire_lease(self, caller: Caller, request: LeaseRequest) -> Lease:
        """Give a block of numbers."""
        return self.engine.acquire_lease(request, self.actor(caller))

    def return_lease(self, caller: Caller, lease_id: str, request: LeaseReturn) -> None:
        """Take numbers back."""
        self.engine.return_lease(lease_id, request, self.actor(caller))

    def acknowledge_purges(self, caller: Caller, request: PurgeAckRequest) -> PurgeAckResponse:
        """Take receipts, also from a revoked tablet: the token names the install, the signature is the proof."""
        return self.engine.acknowledge_purges(request, self._identify(caller))

    async def buckets_of(self, caller: Caller) -> frozenset[str]:
        """Return what is the caller's at this moment. Raises Unauthenticated or Revoked."""
        return (await self.run(self.actor, caller)).buckets

    async def read_heads(self, buckets: Collection[str]) -> Mapping[str, int]:
        """Return the newest numbers of buckets: all that a poke tells."""
        return await self.run(self.engine.heads, buckets)

    def _identify(self, caller: Caller) -> str:
        return self.authenticator.identify(caller.authorization, caller.install_id).ins
