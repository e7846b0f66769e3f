"""A town for tablets: one engine on the memory store, a clock that moves when told, and people with roles."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID

from backend.registry import KINDS
from contracts.clock import ClockEvidence
from contracts.pull import Digest
from contracts.purges import PurgeOrder
from sync.digest import write_digest
from sync.engine import Engine
from sync.kind import Actor
from sync.memory import MemoryStore
from sync.moments import write_moment
from sync.puts import Put
from sync.signing import PrivateKey, new_key, write_public_jwk
from sync.store import Install
from sync.tablet.patience import Patience
from sync.tablet.tablet import Surroundings, Tablet
from tests.support.wire import Fault, FaultHook, Revoked, WireTransport, no_fault

BRANCH, DAY = "3501", "2026-11-21"
LOBBY, FIELD = "lobby_manager", "field_manager"
BOTH = f"{LOBBY} {FIELD}"


@dataclass
class Clock:
    """One clock for the town's server and tablets."""

    now: datetime = datetime(2026, 11, 21, 1, 0, tzinfo=UTC)
    boot: str = "b1"

    def read(self) -> ClockEvidence:
        return ClockEvidence(wall=write_moment(self.now), boot=self.boot, mono_ms=int(self.now.timestamp() * 1000))

    def pass_time(self, **by: float) -> None:
        self.now += timedelta(**by)


@dataclass
class Person:
    """Who works on a tablet, and what is theirs."""

    staff_no: str
    role: str = LOBBY
    portfolios: set[str] = field(default_factory=set)
    past: dict[str, str] = field(default_factory=dict)
    revoked: list[PurgeOrder] | None = None

    def buckets(self, install_id: str) -> frozenset[str]:
        own = {LOBBY: f"branch:{BRANCH}", FIELD: f"visits:{self.staff_no}"}
        mine = {"catalog", f"staff:{self.staff_no}", f"install:{install_id}"}
        return frozenset(
            mine | {own[role] for role in self.role.split()} | {f"portfolio:{it}" for it in self.portfolios}
        )


class Town:
    """The server side, and a maker of tablets."""

    def __init__(self, seed: int = 1) -> None:
        self.random = Random(seed)
        self.clock = Clock()
        self.key: PrivateKey = new_key()
        self.store = MemoryStore(epoch=self.new_id())
        self.engine = Engine(
            self.store, KINDS, clock=lambda: self.clock.now, new_id=self.new_id, secret=b"town", server_key=new_key()
        )
        self.pauses_s: list[float] = []

    def new_id(self) -> str:
        return str(UUID(int=self.random.getrandbits(128), version=4))

    def surroundings(self, attempts_max: int = 1) -> Surroundings:
        return Surroundings(
            self.key, self.clock, self.random, Patience(self.pauses_s.append, self.random, attempts_max=attempts_max)
        )

    def line(self, person: Person, install_id: str, fault: FaultHook = no_fault) -> WireTransport:
        def who() -> Actor:
            if person.revoked is not None:
                raise Revoked(person.revoked)
            return Actor(
                install_id=install_id, staff_no=person.staff_no, org_id=BRANCH, roles=frozenset(person.role.split()),
                buckets=person.buckets(install_id), past=person.past,
            )  # fmt: skip

        return WireTransport(self.engine, install_id, who, self.clock, fault)

    def tablet(
        self, person: Person, *, fault: FaultHook = no_fault, attempts_max: int = 1, path: Path | None = None
    ) -> Tablet:
        install_id = self.new_id()
        self.enrol(install_id)
        line = self.line(person, install_id, fault)
        return Tablet.open(path, install_id, person.staff_no, line, self.surroundings(attempts_max))

    def enrol(self, install_id: str) -> None:
        letter = chr(ord("A") + len(self.store.tables.installs))
        install = Install(install_id=install_id, letter=letter, public_key=write_public_jwk(self.key.public_key()))
        self.store.write(lambda unit: unit.save_install(install))

    def reopen(self, install_id: str, person: Person, snapshot: bytes, fault: FaultHook = no_fault) -> Tablet:
        """Bring back an older state of a tablet, as a crash with a damaged file would."""
        return Tablet.from_snapshot(snapshot, self.line(person, install_id, fault), self.surroundings())

    def put(self, kind: str, body: dict[str, Any], id: str | None = None) -> str:
        id = id or self.new_id()
        self.engine.put_records([Put(kind=kind, id=id, body=body)], "crm")
        return id

    def put_customer(self, portfolio: str, id: str | None = None, **fields: Any) -> str:
        body = {
            "customer_no": "12345678901", "name": "林小燕", "host_org": BRANCH, "host_portfolio": portfolio,
            "crm_revision": 1, "as_of": write_moment(self.clock.now),
        }  # fmt: skip
        return self.put("customer", body | fields, id)

    def truth(self, tablet: Tablet, person: Person) -> dict[str, Digest]:
        """Return what the server says the tablet may see; a bucket nobody ever wrote to counts as empty."""
        states = self.store.read(lambda snapshot: snapshot.buckets(person.buckets(tablet.install_id)))
        return {name: Digest(n=state.n, d=write_digest(state.digest)) for name, state in states.items()}


def form(**fields: Any) -> dict[str, Any]:
    """Return the fields of a new form."""
    return {"branch_id": BRANCH, "template_id": "01970000-0000-7000-8000-000000000001", **fields}


def visit(customer_id: str, **fields: Any) -> dict[str, Any]:
    """Return the content of a visit."""
    return {
        "customer_id": customer_id, "purpose": "post-loan check", "content": "Shop is open, stock is full.",
        "started_at": "2026-11-21T09:00:00+08:00", **fields,
    }  # fmt: skip


def assert_agrees(town: Town, tablet: Tablet, person: Person) -> None:
    held = {name: (one.n, one.d) for name, one in tablet.digest_report().items()}
    truth = {name: (one.n, one.d) for name, one in town.truth(tablet, person).items()}
    assert held == truth


class Once:
    """A line that does one thing wrong, once, at the call it is told."""

    def __init__(self, call: str, fault: Fault, skip: int = 0) -> None:
        self.call, self.fault, self.skip = call, fault, skip

    def __call__(self, call: str, _request: bytes) -> Fault:
        if call != self.call or self.fault is Fault.NONE:
            return Fault.NONE
        if self.skip:
            self.skip -= 1
            return Fault.NONE
        fault, self.fault = self.fault, Fault.NONE
        return fault
