"""The simulated server: an engine over a house, which crashes, is restored, and is watched at each commit."""

from collections.abc import Callable, Sequence
from random import Random
from typing import Any, NamedTuple

import msgspec

from backend.registry import KINDS
from contracts.push import PushRequest, PushResponse
from sync.engine import Engine, EngineSettings
from sync.memory import Tables
from sync.parcels import unpack
from sync.signing import PrivateKey
from sync.store import Install
from tests.simulation.clocks import Clock
from tests.simulation.houses import House, MemoryHouse, SqlHouse, Steps
from tests.simulation.invariants.feed import FeedWatch

NUMBER_GAP = 1_000
RETENTION_D = 2  # so that days that pass leave something to compact
SECRET = b"a secret of the simulation"


class Sent(NamedTuple):
    """A mutation as it reached the server: who, which number, which content."""

    install_id: str
    n: int
    digest: str


class Book:
    """What the simulation knows of the pushes that this incarnation of the server has answered."""

    def __init__(self) -> None:
        self.acknowledged: dict[Sent, bytes] = {}  # → the first answer
        self.batches: list[tuple[str, list[bytes]]] = []  # install and the mutations of one push that were settled

    def copy(self) -> "Book":
        """Return the book as it is now, to go on from after a restore."""
        copied = Book()
        copied.acknowledged, copied.batches = dict(self.acknowledged), list(self.batches)
        return copied


class Backup(NamedTuple):
    """A backup of the house, and of what the simulation knew then."""

    at: Any
    house: Any
    book: Book


class Server:
    """One server; `engine` changes whenever its process does."""

    def __init__(self, clock: Clock, random: Random, new_id: Callable[[], str], key: PrivateKey, *, is_sql: bool):
        self.clock, self.random, self.new_id, self.key = clock, random, new_id, key
        self.steps = Steps()
        self.watch = FeedWatch()
        self.is_sql = is_sql
        self.house: House = (
            SqlHouse(self.steps, self._committed)
            if is_sql
            else MemoryHouse(self.steps, self._committed, epoch=new_id())
        )
        self.engine = self._start()
        self.book = Book()
        self.sent: dict[Sent, str] = {}  # everything that ever arrived → what the tablet calls it
        self.letters = self.restores = 0

    # --- its life

    def _start(self) -> Engine:
        return Engine(
            self.house.store, KINDS, clock=lambda: self.clock.now, new_id=self.new_id, secret=SECRET,
            server_key=self.key, settings=EngineSettings(retention_d=RETENTION_D),
        )  # fmt: skip

    def restart(self) -> None:
        """Begin a new process after a crash."""
        self.steps.arm(None)
        self.steps.is_down = False
        self.house.reopen()
        self.engine = self._start()
        self.watch.look_again(self.house.store)

    def backup(self) -> Backup:
        """Return everything as it is now."""
        return Backup(self.clock.now, self.house.backup(), self.book.copy())

    def restore(self, backup: Backup) -> None:
        """Become what the backup was, in a new epoch; installs that it does not know are enrolled again."""
        known = self.tables().installs
        self.restores += 1
        # A backup that is restored twice must not give the same numbers twice: each restore jumps further.
        self.house.restore(backup.house, self.new_id(), self.restores * NUMBER_GAP)
        self.book = backup.book.copy()
        self.engine = self._start()
        self.watch = FeedWatch()
        self.watch.look_again(self.house.store)
        for install in known.values():
            if install.install_id not in self.tables().installs:
                self._enrol(install.install_id, install.letter, install.public_key)

    def close(self) -> None:
        """Let go of the house."""
        self.house.close()

    def tables(self) -> Tables:
        """Return everything that is committed."""
        return self.house.tables()

    def enrol(self, install_id: str, public_key: bytes) -> None:
        """Bind an install, whose overflow letter nobody else has or had."""
        first, second = divmod(self.letters, 26)
        self.letters += 1
        letter = chr(ord("A") + second) if not first else chr(ord("A") + first - 1) + chr(ord("A") + second)
        self._enrol(install_id, letter, public_key)

    def _enrol(self, install_id: str, letter: str, public_key: bytes) -> None:
        install = Install(install_id=install_id, letter=letter, public_key=public_key)
        self.house.store.write(lambda unit: unit.save_install(install))

    def _committed(self, moved: frozenset[str]) -> None:
        self.watch.check(self.house.store, moved)
        self.steps.take("committed")

    # --- what arrives

    def note_arrival(self, install_id: str, request: PushRequest) -> list[tuple[Sent, bytes]]:
        """Remember what a push brought, whatever becomes of it."""
        arrived = [(sent_of(install_id, bytes(raw)), bytes(raw)) for raw in request.mutations]
        for sent, raw in arrived:
            self.sent[sent] = name_of(raw)
        return arrived

    def note_answer(self, install_id: str, arrived: Sequence[tuple[Sent, bytes]], response: PushResponse) -> None:
        """Remember what was promised; an answer that differs from the first one breaks I3."""
        settled = [(sent, raw) for sent, raw in arrived if sent.n <= response.ack_n]
        outcomes = {outcome.n: outcome for outcome in response.outcomes}
        for sent, _ in settled:
            answer = msgspec.json.encode(outcomes[sent.n])
            first = self.book.acknowledged.setdefault(sent, answer)
            assert _without_theirs(first) == _without_theirs(answer), (
                f"I3: two answers for {sent}: {first!r} {answer!r}"
            )
        if settled:
            self.book.batches.append((install_id, [raw for _, raw in settled]))


def sent_of(install_id: str, raw: bytes) -> Sent:
    """Return the identity of a mutation as it was sent."""
    parcel = unpack([msgspec.Raw(raw)], b"{}")[0]
    return Sent(install_id, parcel.n, parcel.digest)


def name_of(raw: bytes) -> str:
    """Return what the simulation calls a mutation: the reason it carries, which stays when it gets another number."""
    reason: str = msgspec.json.decode(raw).get("reason", "")
    return reason


def _without_theirs(answer: bytes) -> Any:
    body = msgspec.json.decode(answer)
    for field in body.get("fields", ()):
        field.pop("theirs", None)
        field.pop("theirs_by", None)
    return body
