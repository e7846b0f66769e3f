"""A tablet in a process of its own, to be killed: it types and syncs for ever over a local socket."""

from multiprocessing.connection import Client, Connection
from pathlib import Path
from random import Random
from time import sleep

from cryptography.hazmat.primitives.serialization import load_pem_private_key

from sync.tablet.clock import SystemClock
from sync.tablet.errors import LineFailed
from sync.tablet.patience import Patience
from sync.tablet.tablet import Surroundings, Tablet
from tests.support.wire import Calls
from tests.sync.tablet.town import BRANCH, DAY, form


class SocketTransport(Calls):
    """A Transport over a pipe: (call, request as JSON) there, (is_problem, answer as JSON) back."""

    def __init__(self, line: Connection) -> None:
        self.line = line

    def carry(self, call: str, raw: bytes) -> tuple[bool, bytes]:
        try:
            self.line.send((call, raw))
            is_problem, answer = self.line.recv()
        except (OSError, EOFError) as error:
            raise LineFailed(call) from error
        return is_problem, answer


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
