"""A bank in memory for the engine's tests: one store, one clock, and pads that say what they are told to say."""

from datetime import UTC, datetime, timedelta
from hashlib import sha256
from random import Random
from typing import Any
from uuid import UUID

import msgspec
from msgspec import Raw

from backend.registry import KINDS
from contracts.leases import Lease, LeaseRequest
from contracts.pull import PullRequest, PullResponse
from contracts.push import Outcome, PushRequest, PushResponse
from contracts.review import Decision, DecisionRequest, ReviewItem
from sync.clock import DeviceClock
from sync.engine import Engine, EngineSettings
from sync.kind import Actor, Area, Kinds
from sync.memory import MemoryStore
from sync.moments import write_moment
from sync.puts import Put
from sync.signing import PrivateKey, canonical, new_key, sign, write_public_jwk
from sync.store import Install, Key, Stored

SECRET = b"a secret of these tests"
SERVER_KEY = new_key()
PAD_KEY = new_key()
DAY = "2026-11-21"
BRANCH = "3501"


class Bank:
    """An engine over a memory store; time passes only by `wait`."""

    def __init__(self, kinds: Kinds = KINDS, seed: int = 1) -> None:
        self._random = Random(seed)
        self.kinds = kinds
        self.now = datetime(2026, 11, 21, 1, 30, tzinfo=UTC)
        self.store = MemoryStore(self.new_id())
        self.engine = self.start()

    def start(self, settings: EngineSettings | None = None) -> Engine:
        """Begin a new process over the same store."""
        self.engine = Engine(
            self.store, self.kinds, clock=lambda: self.now, new_id=self.new_id, secret=SECRET, server_key=SERVER_KEY,
            settings=settings,
        )  # fmt: skip
        return self.engine

    def new_id(self) -> str:
        return str(UUID(int=self._random.getrandbits(128), version=4))

    def wait(self, **by: float) -> None:
        self.now += timedelta(**by)

    @property
    def at(self) -> str:
        return write_moment(self.now)

    def pad(self, staff_no: str = "s-1", **told: Any) -> "Pad":
        """Enrol a tablet whose person works in the lobby and in the field."""
        return Pad(self, staff_no, **told)

    def put(self, kind: str, body: dict[str, Any] | None, id: str | None = None) -> str:
        """Write a record as the server does and return its id."""
        id = id or self.new_id()
        self.engine.put_records([Put(kind=kind, id=id, body=body)], "crm")
        return id

    def customer(self, portfolio: str | None = "p-1", **fields: Any) -> str:
        body = {"customer_no": "1", "name": "李明", "host_org": BRANCH, "crm_revision": 1, "as_of": self.at}
        return self.put("customer", {**body, "host_portfolio": portfolio, **fields})

    def find(self, kind: str, id: str) -> Stored | None:
        return self.store.read(lambda snapshot: snapshot.records([Key(kind, id)])).get(Key(kind, id))

    def body(self, kind: str, id: str) -> dict[str, Any]:
        stored = self.find(kind, id)
        assert stored is not None
        assert stored.standing == "live"
        return self.kinds[kind].read(stored.body)

    def reviews(self, **like: Any) -> list[dict[str, Any]]:
        """Return the reviews whose fields are `like` this, each with its id and version, in the order of `n`."""
        stored = [one for key, one in self.store.tables.records.items() if key.kind == "review"]
        bodies = [{**self.kinds["review"].read(one.body), "id": one.id, "version": one.version} for one in stored]
        found = [body for body in bodies if all(body[name] == value for name, value in like.items())]
        return sorted(found, key=lambda body: (body["n"], body["id"]))

    def decide(
        self, review: dict[str, Any], decision: Decision, actor: Actor, *, reason: str = "", **set: Any
    ) -> ReviewItem:
        request = DecisionRequest(decision=decision, reason=reason, version=review["version"], set=set)
        return self.engine.decide_review(review["id"], request, actor, self.area)

    @property
    def area(self) -> Area:
        """What every supervisor here answers for: the branch, another one, and all that lies in them."""
        people = {f"{sort}:s-{at}" for sort in ("staff", "visits") for at in (1, 2)}
        buckets = {f"branch:{BRANCH}", "branch:9999", *people}
        return Area(orgs=frozenset({BRANCH}), buckets=frozenset(buckets | set(self.store.tables.buckets)))

    def supervisor(self, staff_no: str = "boss") -> Actor:
        return Actor(install_id=self.new_id(), staff_no=staff_no, org_id=BRANCH, roles=frozenset({"supervisor"}))


class Pad:
    """A tablet without a memory of its own: it numbers what it is told to say, and signs evidence."""

    def __init__(
        self, bank: Bank, staff_no: str, *, branch: str = BRANCH, portfolios: tuple[str, ...] = ("p-1",),
        key: PrivateKey = PAD_KEY, letter: str = "A", install_id: str | None = None, **actor: Any,
    ) -> None:  # fmt: skip
        self.bank, self.key, self.n, self.prev = bank, key, 0, ""
        self.install_id = install_id or bank.new_id()
        buckets = {"catalog", f"install:{self.install_id}", f"staff:{staff_no}", f"branch:{branch}",
                   f"visits:{staff_no}", *(f"portfolio:{one}" for one in portfolios)}  # fmt: skip
        told = {"roles": frozenset({"lobby_manager", "field_manager"}), "buckets": frozenset(buckets)}
        self.actor = Actor(install_id=self.install_id, staff_no=staff_no, org_id=branch, **{**told, **actor})
        self.clock = DeviceClock()
        row = Install(install_id=self.install_id, public_key=write_public_jwk(key.public_key()), letter=letter)
        bank.store.write(lambda unit: unit.save_install(row))

    def become(self, **actor: Any) -> None:
        """Change who is signed in, or what is theirs."""
        self.actor = msgspec.structs.replace(self.actor, **actor)

    # --- words

    def say(self, kind: str, op: str, id: str | None = None, **told: Any) -> dict[str, Any]:
        """Return the next mutation; `set` and all other parts are the caller's."""
        self.n += 1
        made_at = {"wall": self.bank.at, "boot": "b", "mono_ms": 1}
        return {"n": self.n, "kind": kind, "id": id or self.bank.new_id(), "op": op, "made_at": made_at, **told}

    def ticket(self, number: int = 1, **fields: Any) -> dict[str, Any]:
        body = {"branch_id": self.actor.org_id, "series": "A", "business_date": DAY, "issued_at": self.bank.at}
        return self.say("ticket", "create", set={**body, "number": number, **fields})

    def move(self, id: str, to: str, **facts: Any) -> dict[str, Any]:
        return self.say("ticket", "transition", id, set={"from": "waiting", "to": to, "facts": facts})

    def form(self, **fields: Any) -> dict[str, Any]:
        body = {"branch_id": self.actor.org_id, "template_id": self.bank.new_id()}
        return self.say("form", "create", set={**body, **fields})

    def patch(self, id: str, kind: str = "form", *, base: dict[str, Any], seen: int = 0, **set: Any) -> dict[str, Any]:
        return self.say(kind, "patch", id, base=base, base_version=seen, set=set)

    def visit(self, customer_id: str, id: str | None = None, **fields: Any) -> dict[str, Any]:
        body = {"customer_id": customer_id, "purpose": "check", "content": "聊了贷款", "started_at": self.bank.at}
        return self.sign(self.say("visit", "append", id, set={**body, "prev": self.prev, **fields}))

    def sign(self, mutation: dict[str, Any]) -> dict[str, Any]:
        """Sign evidence; the next evidence follows it."""
        signed = {**mutation, "sig": sign(self.key, canonical(mutation))}
        self.prev = hash_of(signed)
        return signed

    # --- calls

    def push(self, *mutations: Any) -> list[Outcome]:
        return self.push_raw(*mutations).outcomes

    def push_raw(self, *mutations: Any, epoch: str | None = None) -> PushResponse:
        raws = [Raw(one if isinstance(one, bytes) else msgspec.json.encode(one)) for one in mutations]
        request = msgspec.json.decode(msgspec.json.encode(PushRequest(epoch=epoch, mutations=raws)), type=PushRequest)
        return self.bank.engine.push(request, self.actor, self.clock)

    def do(self, mutation: dict[str, Any]) -> Outcome:
        """Push one mutation and return its outcome."""
        (outcome,) = self.push(mutation)
        return outcome

    def pull(self, cursor: str | None = None, **told: Any) -> PullResponse:
        answer = self.bank.engine.pull(PullRequest(cursor=cursor, **told), self.actor)
        return msgspec.json.decode(msgspec.json.encode(answer), type=PullResponse)

    def pull_all(self, cursor: str | None = None, **told: Any) -> list[PullResponse]:
        """Return the pages of one complete round."""
        pages = [self.pull(cursor, **told)]
        while not pages[-1].complete:
            pages.append(self.pull(pages[-1].cursor, **told))
        return pages

    def lease(self, want: int = 10, request_id: str | None = None, **told: Any) -> Lease:
        line = {"branch": self.actor.org_id, "series": "A", "business_date": DAY}
        request_id = request_id or self.bank.new_id()
        return self.bank.engine.acquire_lease(
            LeaseRequest(**{**line, "want": want, "request_id": request_id, **told}), self.actor
        )


def hash_of(mutation: dict[str, Any]) -> str:
    """Return what the next evidence names as `prev`."""
    return sha256(canonical(mutation)).hexdigest()


def visible(bank: Bank, actor: Actor) -> set[tuple[str, str, str, int]]:
    """Return (bucket, kind, id, version) of all that the store holds in an actor's buckets: the truth for a replica."""
    return {
        (bucket, key.kind, key.id, stored.version)
        for key, stored in bank.store.tables.records.items()
        for bucket in stored.buckets & actor.buckets
    }


def replica(pages: list[PullResponse], held: set[tuple[str, str, str, int]] | None = None) -> set[Any]:
    """Return what a tablet holds after a round, as (bucket, kind, id, version)."""
    held = set(held or ())
    for page in pages:
        gone = {*page.reset, *(one.bucket for one in page.removed)}
        held = {row for row in held if row[0] not in gone}
        for change in page.changes:
            held = {row for row in held if row[:3] != (change.b, change.k, change.id)}
            if change.x is None:
                held.add((change.b, change.k, change.id, change.v))
    return held


def code(outcome: Outcome) -> str | None:
    """Return why a mutation was not done as asked, if it was not."""
    return outcome.problem.code if outcome.problem else None
