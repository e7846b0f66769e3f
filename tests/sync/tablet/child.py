"""A tablet in a process of its own, to be killed: it types and syncs for ever over a local socket."""

from multiprocessing.connection import Client, Connection
from pathlib import Path
from random import Random
from time import sleep
from typing import Any, TypeVar

import msgspec
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from contracts.errors import ProblemDocument
from contracts.hello import HelloResponse
from contracts.leases import Lease, LeaseRequest, LeaseReturn
from contracts.pull import PullRequest, PullResponse
from contracts.purges import PurgeAckRequest, PurgeAckResponse
from contracts.push import PushRequest, PushResponse
from contracts.verify import VerifyRequest, VerifyResponse
from sync.tablet.clock import SystemClock
from sync.tablet.errors import LineFailed, Refused
from sync.tablet.patience import Patience
from sync.tablet.photos import Photo
from sync.tablet.tablet import Surroundings, Tablet
from tests.sync.tablet.town import BRANCH, DAY, form

T = TypeVar("T")


class SocketTransport:
    """A Transport over a pipe: (call, request as JSON) there, (is_problem, answer as JSON) back."""

    def __init__(self, line: Connection) -> None:
        self.line = line

    def ask(self, call: str, request: Any, type_: type[T]) -> T:
        try:
            self.line.send((call, msgspec.json.encode(request)))
            is_problem, answer = self.line.recv()
        except (OSError, EOFError) as error:
            raise LineFailed(call) from error
        if is_problem:
            raise Refused(msgspec.json.decode(answer, type=ProblemDocument))
        return msgspec.json.decode(answer, type=type_)

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
        raise NotImplementedError

    def acknowledge_purges(self, request: PurgeAckRequest) -> PurgeAckResponse:
        return self.ask("acknowledge_purges", request, PurgeAckResponse)

    def begin_upload(self, photo: Photo) -> str:
        raise NotImplementedError

    def continue_upload(self, photo: Photo, upload_url: str) -> None:
        raise NotImplementedError


def work_until_killed(path: Path, install_id: str, key: bytes, address: str, seed: int) -> None:
    """Create, patch, issue and sync without end; the only way out is a kill."""
    private = load_pem_private_key(key, None)
    random = Random(seed)
    surroundings = Surroundings(private, SystemClock(), random, Patience(sleep, random, attempts_max=1))  # type: ignore[arg-type]  # the town makes P-256 keys
    tablet = Tablet.open(path, install_id, "M001", SocketTransport(Client(address, "AF_UNIX")), surroundings)
    tablet.serve_line(BRANCH, "A", DAY, want=20)
    while True:
        made = tablet.create("form", form(name="x", copies=1))
        tablet.patch("form", made.id, {"phone": str(random.random())})
        if random.random() < 0.5:
            tablet.sync()
            tablet.issue_ticket(BRANCH, "A", DAY)
