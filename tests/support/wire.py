"""A line between a tablet and the engine in one process: every message is JSON bytes, and any call can go wrong."""

from abc import ABC, abstractmethod
from base64 import b64decode
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
from sync.errors import SyncError, TooLarge
from sync.kind import Actor
from sync.moments import read_moment
from sync.tablet.clock import Clock
from sync.tablet.errors import LineFailed, Refused
from sync.tablet.photos import Photo

T = TypeVar("T")


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


class Calls(ABC):
    """Every call of a Transport, as one question: its name, the request, and what the answer is."""

    def ask(self, call: str, request: Any, type_: type[T]) -> T:
        """Send a call and return its answer. Raises Refused, LineFailed."""
        raw = msgspec.json.encode(request)
        is_problem, answer = self.carry(call, raw)
        if is_problem:
            raise Refused(msgspec.json.decode(answer, type=ProblemDocument))
        return msgspec.json.decode(answer, type=type_)

    @abstractmethod
    def carry(self, call: str, raw: bytes) -> tuple[bool, bytes]:
        """Bring a request there and the answer back: whether it is a problem, and its body. Raises LineFailed."""

    def hello(self) -> HelloResponse:
        return self.ask("hello", None, HelloResponse)

    def push(self, request: PushRequest) -> PushResponse:
        return self.ask("push", request, PushResponse)

    def pull(self, request: PullRequest) -> PullResponse:
        return self.ask("pull", request, PullResponse)

    def verify(self, request: VerifyRequest) -> VerifyResponse:
        return self.ask("verify", request, VerifyResponse)

    def acquire_lease(self, request: LeaseRequest) -> Lease:
        return self.ask("acquire_lease", request, Lease)

    def return_lease(self, lease_id: str, request: LeaseReturn) -> None:
        self.ask("return_lease", {"lease_id": lease_id, "unused": request.unused}, type(None))

    def acknowledge_purges(self, request: PurgeAckRequest) -> PurgeAckResponse:
        return self.ask("acknowledge_purges", request, PurgeAckResponse)

    def begin_upload(self, photo: Photo) -> str:
        return self.ask("begin_upload", photo.sha256, str)

    def continue_upload(self, photo: Photo, upload_url: str) -> None:
        self.ask("continue_upload", {"url": upload_url, "content": photo.content}, type(None))


class WireTransport(Calls):
    """A Transport whose far end is an engine; `who` says who is signed in, anew at every call."""

    def __init__(
        self, engine: Engine, install_id: str, who: Callable[[], Actor], clock: Clock, fault: FaultHook = no_fault
    ) -> None:
        self.engine, self.install_id, self.who, self.clock, self.fault = engine, install_id, who, clock, fault
        self.files: dict[str, bytes] = {}
        self.calls: list[str] = []
        self.refuse_push_above: int | None = None  # mutations; a door may be narrower than hello said
        self._delayed: list[tuple[str, bytes]] = []

    def deliver_delayed(self) -> None:
        """Let everything that was delayed arrive now; nobody waits for the answers."""
        delayed, self._delayed = self._delayed, []
        for call, request in delayed:
            self.serve_raw(call, request)

    def serve_raw(self, call: str, request: bytes) -> tuple[bool, bytes]:
        """Return whether the answer is a problem, and its body, as the doors would send it."""
        try:
            return False, msgspec.json.encode(self._answer(call, request))
        except Revoked as revoked:
            return True, _problem(ErrorCode.REVOKED, {"purges": msgspec.to_builtins(revoked.orders)})
        except SyncError as error:
            return True, _problem(error.code, error.args_of_problem)

    def _answer(self, call: str, raw: bytes) -> Any:
        engine = self.engine
        match call:
            case "hello":
                return engine.hello(self.install_id, 0, engine.purge_orders(self.install_id))
            case "push":
                self._check_size(raw)
                return engine.push(msgspec.json.decode(raw, type=PushRequest), self.who(), self._device_clock())
            case "pull":
                return engine.pull(msgspec.json.decode(raw, type=PullRequest), self.who())
            case "verify":
                return engine.verify(msgspec.json.decode(raw, type=VerifyRequest), self.who())
            case "acquire_lease":
                return engine.acquire_lease(msgspec.json.decode(raw, type=LeaseRequest), self.who())
            case "return_lease":
                said = msgspec.json.decode(raw)
                return engine.return_lease(said["lease_id"], LeaseReturn(unused=said["unused"]), self.who())
            case "acknowledge_purges":
                return engine.acknowledge_purges(msgspec.json.decode(raw, type=PurgeAckRequest), self.install_id)
            case _:
                return self._take_file(call, msgspec.json.decode(raw))

    def _check_size(self, raw: bytes) -> None:
        count = len(msgspec.json.decode(raw)["mutations"]) if self.refuse_push_above else 0
        if self.refuse_push_above and count > self.refuse_push_above:
            raise TooLarge(mutations_max=self.refuse_push_above)

    def _take_file(self, call: str, said: Any) -> str | None:
        if call == "begin_upload":
            return f"/files/{said}"
        self.files[said["url"]] = b64decode(said["content"])
        return None

    def carry(self, call: str, raw: bytes) -> tuple[bool, bytes]:
        """Serve a request here and now, as far as the line lets it through."""
        self.calls.append(call)
        fault = self.fault(call, raw)
        if fault is Fault.LOSE_REQUEST:
            raise LineFailed(f"{call}: the request was lost")
        if fault is Fault.DELAY:
            self._delayed.append((call, raw))
            raise LineFailed(f"{call}: no answer in time")
        if fault is Fault.REPEAT:
            self.serve_raw(call, raw)
        answered = self.serve_raw(call, raw)
        self.deliver_delayed()
        if fault is Fault.LOSE_ANSWER:
            raise LineFailed(f"{call}: the answer was lost")
        return answered

    def _device_clock(self) -> DeviceClock:
        told = self.clock.read()
        wall = read_moment(told.wall)
        wall_ms = int(wall.timestamp() * 1000) if wall else None
        return DeviceClock(wall_ms=wall_ms, boot=told.boot, mono_ms=told.mono_ms)


def _problem(code: ErrorCode, args: dict[str, Any]) -> bytes:
    document = ProblemDocument(
        type=f"/docs/errors#{code.code}", title=code.meaning, status=code.status, code=code.code, args=args,
        retry_after_ms=1 if code.retry else None,
    )  # fmt: skip
    return msgspec.json.encode(document)
