"""The calls of the protocol behind the routes: who asks, then what they ask, in one hop to a thread."""

import asyncio
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, ParamSpec, TypeVar

from litestar import Request

from backend.auth.guard import Authenticator
from backend.auth.parts import Auth
from backend.auth.signing_in import sign_ins_of
from backend.live.hub import Hub
from backend.live.mailbox import Letter, Mailbox
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
from sync.store import Unit

P = ParamSpec("P")
T = TypeVar("T")

THREADS = 32  # a push waits for the disk in one of these; many that wait together commit together
NOBODY = "00000000-0000-0000-0000-000000000000"
KNOWN_MAX = 100_000
LIGHT_BYTES_MAX = 32_768  # of a push that is unpacked on the event loop: some 0.2 ms, or 1.4 ms if all is signed
HEADS_POLL_S = 0.25  # with PostgreSQL, other processes commit too
HEADS_POLL_EMBEDDED_S = 1.0  # with SQLite, only an operator's command does


class SyncDoor:
    """Every sync call: authenticates, asks the engine, counts."""

    def __init__(self, engine: Engine, auth: Auth, metrics: Metrics) -> None:
        self._engine = engine
        self._auth = auth
        self._authenticator = Authenticator(auth)
        self._metrics = metrics
        self._is_embedded = auth.store.engine.dialect.name == "sqlite"
        self._known: set[str] = set()
        self._letters: Mailbox | None = None
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="sync")
        self.hub = Hub(self.read_heads, poll_s=HEADS_POLL_EMBEDDED_S if self._is_embedded else HEADS_POLL_S)

    async def run(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a blocking call beside the event loop."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, lambda: call(*args, **kwargs))

    def close(self) -> None:
        """Let running calls end."""
        self._threads.shutdown(wait=True)

    async def actor(self, caller: Caller) -> Actor:
        """Return who asks. Raises Unauthenticated or Revoked."""
        return await self.run(self._actor, caller)

    async def hello(self, caller: Caller) -> HelloResponse:
        """Answer a hello; whoever shows a token also hears of their purge orders, even once revoked."""
        return await self.run(self._hello, caller)

    async def push(self, caller: Caller, request: PushRequest) -> PushResponse:
        """Settle mutations."""
        if self._is_embedded:
            answer = await self._push_embedded(caller, request)
        else:
            answer = await self.run(lambda: self._engine.push(request, self._actor(caller), caller.clock))
        self._metrics.note_push(answer)
        return answer

    async def _push_embedded(self, caller: Caller, request: PushRequest) -> PushResponse:
        """Settle mutations without a thread that waits for the writer's; what is soon unpacked needs none at all.

        Unpacking holds the interpreter's lock, in whichever thread, so a thread would only add its turns.
        """

        def prepare() -> Callable[[Unit], PushResponse]:
            return self._engine.prepare_push(request, self._actor(caller), caller.clock)

        is_light = sum(map(len, request.mutations)) <= LIGHT_BYTES_MAX
        work = prepare() if is_light else await self.run(prepare)
        letter: Letter[PushResponse] = Letter(self._mailbox())
        self._auth.store.submit(work, letter)
        return await letter.future

    def _mailbox(self) -> Mailbox:
        loop = asyncio.get_running_loop()
        if self._letters is None or self._letters.loop is not loop:
            self._letters = Mailbox(loop)
        return self._letters

    async def pull(self, caller: Caller, request: PullRequest) -> PullResponse:
        """Return one page.

        With SQLite a tablet that goes on pulling is answered on the event loop: its reads wait for nobody and take
        a tenth of a millisecond, less than a thread's turn. Its first pull also writes, and may be large.
        """
        if self._is_embedded and request.cursor is not None and caller.install_id in self._known:
            answer = self._engine.pull(request, self._actor(caller))
        else:
            answer = await self.run(lambda: self._engine.pull(request, self._actor(caller)))
            self._remember(caller)
        self._metrics.note_pull(answer)
        return answer

    async def verify(self, caller: Caller, request: VerifyRequest) -> VerifyResponse:
        """Tell what differs."""
        return await self.run(lambda: self._engine.verify(request, self._actor(caller)))

    async def acquire_lease(self, caller: Caller, request: LeaseRequest) -> Lease:
        """Give a block of numbers."""
        return await self.run(lambda: self._engine.acquire_lease(request, self._actor(caller)))

    async def return_lease(self, caller: Caller, lease_id: str, request: LeaseReturn) -> None:
        """Take numbers back."""
        await self.run(lambda: self._engine.return_lease(lease_id, request, self._actor(caller)))

    async def acknowledge_purges(self, caller: Caller, request: PurgeAckRequest) -> PurgeAckResponse:
        """Take receipts, also from a revoked tablet: the token names the install, the signature is the proof."""
        return await self.run(lambda: self._engine.acknowledge_purges(request, self._identify(caller)))

    async def buckets_of(self, caller: Caller) -> frozenset[str]:
        """Return what is the caller's at this moment. Raises Unauthenticated or Revoked."""
        return (await self.actor(caller)).buckets

    async def read_heads(self, buckets: Collection[str]) -> Mapping[str, int]:
        """Return the newest numbers of buckets: all that a poke tells."""
        return await self.run(self._engine.heads, buckets)

    def _hello(self, caller: Caller) -> HelloResponse:
        install_id = caller.install_id or NOBODY
        purges = self._engine.purge_orders(self._identify(caller)) if caller.authorization else []
        return self._engine.hello(install_id, sign_ins_of(self._auth, install_id), purges)

    def _actor(self, caller: Caller) -> Actor:
        return self._authenticator.authenticate(caller.authorization, caller.install_id, caller.schema)

    def _identify(self, caller: Caller) -> str:
        return self._authenticator.identify(caller.authorization, caller.install_id).ins

    def _remember(self, caller: Caller) -> None:
        if len(self._known) >= KNOWN_MAX:
            self._known.clear()
        self._known.add(caller.install_id or NOBODY)


def door_of(request: Request[Any, Any, Any]) -> SyncDoor:
    """Return the door of this application; injecting it would cost hot handlers half of their time."""
    door: SyncDoor = request.app.state.door
    return door
