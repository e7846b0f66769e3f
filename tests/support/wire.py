"""A line between a tablet and the engine in one process: every message is JSON bytes, and any call can go wrong."""

from collections.abc import Callable, Sequence
from enum import Enum
from typing import Any, TypeVar

import msgspec

from contracts.errors import ErrorCode, ProblemDocument
from contracts.hello import HelloResponse
from contracts.leases import Lease, LeaseRequest, LeaseReturn
from contracts.pull import PullRequest, PullResponse
from contracts.purges import PurgeAckRequest, PurgeAckResponse, PurgeOrder
from contracts.push import PushRequest, PushResponse
from contracts.verify import VerifyRequest, VerifyResponse
from sync.clock import DeviceClock
from sync.engine import Engine
from sync.errors import SyncError
from sync.kind import Actor
from sync.moments import read_moment
from sync.tablet.clock import Clock
from sync.tablet.errors import LineFailed, Refused
from sync.tablet.photos import Photo

T = TypeVar("T")
Call = Callable[[bytes], bytes]


class Fault(Enum):
    """What a line does to one call."""

    NONE = "none"
    LOSE_REQUEST = "lose_request"  # the server never hears of it
    LOSE_ANSWER = "lose_answer"  # the server did it, the tablet does not know
    REPEAT = "repeat"  # the server hears it twice and the second answer arrives
    DELAY = "delay"  # the tablet gives up; the server hears it after the tablet's next call, out of order


FaultHook = Callable[[str, bytes], Fault]


def no_fault(_call: str, _request: bytes) -> Fault:
    """Let every call through."""
    return Fault.NONE


class Revoked(Exception):
    """Raised by `who` in place of an actor: this install or person was revoked."""

    def __init__(self, orders: Sequence[PurgeOrder]) -> None:
        super().__init__("revoked")
        self.orders = list(orders)


class WireTransport:
    """A Transport whose far end is an engine; `who` says who is signed in, anew at every call."""

    def __init__(
        self, engine: Engine, install_id: str, who: Callable[[], Actor], clock: Clock, fault: FaultHook = no_fault
    ) -> None:
        self.engine, self.install_id, self.who, self.clock, self.fault = engine, install_id, who, clock, fault
        self.files: dict[str, bytes] = {}
        self.calls: list[str] = []
        self._delayed: list[tuple[Call, bytes]] = []

    def hello(self) -> HelloResponse:
        def answer(_request: bytes) -> bytes:
            return msgspec.json.encode(self.engine.hello(self.install_id, 0, self.engine.purge_orders(self.install_id)))

        return self._ask("hello", None, answer, HelloResponse)

    def push(self, request: PushRequest) -> PushResponse:
        def answer(raw: bytes) -> bytes:
            decoded = msgspec.json.decode(raw, type=PushRequest)
            return msgspec.json.encode(self.engine.push(decoded, self.who(), self._device_clock()))

        return self._ask("push", request, answer, PushResponse)

    def pull(self, request: PullRequest) -> PullResponse:
        def answer(raw: bytes) -> bytes:
            return msgspec.json.encode(self.engine.pull(msgspec.json.decode(raw, type=PullRequest), self.who()))

        return self._ask("pull", request, answer, PullResponse)

    def verify(self, request: VerifyRequest) -> VerifyResponse:
        def answer(raw: bytes) -> bytes:
            return msgspec.json.encode(self.engine.verify(msgspec.json.decode(raw, type=VerifyRequest), self.who()))

        return self._ask("verify", request, answer, VerifyResponse)

    def acquire_lease(self, request: LeaseRequest) -> Lease:
        def answer(raw: bytes) -> bytes:
            return msgspec.json.encode(
                self.engine.acquire_lease(msgspec.json.decode(raw, type=LeaseRequest), self.who())
            )

        return self._ask("acquire_lease", request, answer, Lease)

    def return_lease(self, lease_id: str, request: LeaseReturn) -> None:
        def answer(raw: bytes) -> bytes:
            self.engine.return_lease(lease_id, msgspec.json.decode(raw, type=LeaseReturn), self.who())
            return b"null"

        self._ask("return_lease", request, answer, type(None))

    def acknowledge_purges(self, request: PurgeAckRequest) -> PurgeAckResponse:
        def answer(raw: bytes) -> bytes:
            decoded = msgspec.json.decode(raw, type=PurgeAckRequest)
            return msgspec.json.encode(self.engine.acknowledge_purges(decoded, self.install_id))

        return self._ask("acknowledge_purges", request, answer, PurgeAckResponse)

    def begin_upload(self, photo: Photo) -> str:
        url = f"/files/{photo.sha256}"

        def answer(_raw: bytes) -> bytes:
            self.files.setdefault(url, b"")
            return msgspec.json.encode(url)

        return self._ask("begin_upload", photo.sha256, answer, str)

    def continue_upload(self, photo: Photo, upload_url: str) -> None:
        def answer(_raw: bytes) -> bytes:
            self.files[upload_url] = photo.content
            return b"null"

        self._ask("continue_upload", upload_url, answer, type(None))

    def deliver_delayed(self) -> None:
        """Let everything that was delayed arrive now; nobody waits for the answers."""
        delayed, self._delayed = self._delayed, []
        for call, request in delayed:
            _serve(call, request)

    def _ask(self, name: str, request: Any, call: Call, type_: type[T]) -> T:
        raw = msgspec.json.encode(request)
        self.calls.append(name)
        fault = self.fault(name, raw)
        if fault is Fault.LOSE_REQUEST:
            raise LineFailed(f"{name}: the request was lost")
        if fault is Fault.DELAY:
            self._delayed.append((call, raw))
            raise LineFailed(f"{name}: no answer in time")
        if fault is Fault.REPEAT:
            _serve(call, raw)
        problem, answer = _serve(call, raw)
        self.deliver_delayed()
        if fault is Fault.LOSE_ANSWER:
            raise LineFailed(f"{name}: the answer was lost")
        if problem:
            raise Refused(msgspec.json.decode(answer, type=ProblemDocument))
        return msgspec.json.decode(answer, type=type_)

    def _device_clock(self) -> DeviceClock:
        told = self.clock.read()
        wall = read_moment(told.wall)
        wall_ms = int(wall.timestamp() * 1000) if wall else None
        return DeviceClock(wall_ms=wall_ms, boot=told.boot, mono_ms=told.mono_ms)


def _serve(call: Call, request: bytes) -> tuple[bool, bytes]:
    """Return whether it is a problem, and the body, as the doors would send it."""
    try:
        return False, call(request)
    except Revoked as revoked:
        return True, _problem(ErrorCode.REVOKED, {"purges": msgspec.to_builtins(revoked.orders)})
    except SyncError as error:
        return True, _problem(error.code, error.args_of_problem)


def _problem(code: ErrorCode, args: dict[str, Any]) -> bytes:
    document = ProblemDocument(
        type=f"/docs/errors#{code.code}", title=code.meaning, status=code.status, code=code.code, args=args,
        retry_after_ms=1 if code.retry else None,
    )  # fmt: skip
    return msgspec.json.encode(document)
