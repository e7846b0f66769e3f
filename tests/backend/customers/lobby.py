"""A lobby on a real store: customers come from the CRM, tickets from tablets, and everything that is sent is kept."""

from itertools import count
from typing import Any

import msgspec
from msgspec import Raw
from sqlalchemy import select

from backend.crm.events import CrmEvent
from backend.crm.inbound import apply_events
from backend.registry import KINDS
from backend.storage.metadata import metadata
from backend.storage.sql_store import SqlStore
from backend.storage.tables import audit_entry
from contracts.pull import PullRequest
from contracts.push import Outcome, PushRequest
from sync.clock import DeviceClock
from sync.engine import Engine
from sync.kind import Actor
from sync.moments import write_moment
from sync.signing import PrivateKey, canonical, new_key, sign, write_public_jwk
from sync.store import Install
from tests.backend.auth.people import Clock
from tests.support.kept import Kept

DAY = "2026-11-21"
SERVER_KEY, TABLET_KEY = new_key(), new_key()
MAN, WOMAN = "352601196001010015", "11010519491231002X"  # fictitious, of domain-rules.md §15


def new_ids(first: int = 1) -> Any:
    """Return what makes ids that no two have."""
    numbers = count(first)
    return lambda: f"01970000-0000-7000-8000-{next(numbers):012x}"


class Lobby(Kept):
    """One server with its CRM, and tablets by branch."""

    def __init__(self, store: SqlStore, clock: Clock) -> None:
        self.store, self.clock, self.new_id = store, clock, new_ids()
        self.engine = Engine(
            store, KINDS, clock=clock, new_id=self.new_id, secret=b"s" * 32, server_key=SERVER_KEY
        )  # fmt: skip
        self.events, self.revisions = count(1), count(1)

    @property
    def at(self) -> str:
        return write_moment(self.clock())

    def tell(self, kind: str, id: str | None = None, **body: Any) -> str:
        """Let the CRM say how a record is now; return its id."""
        id = id or self.new_id()
        event = CrmEvent(
            source="core", event_id=f"e{next(self.events)}", kind=kind,  # type: ignore[arg-type]  # one of the four
            id=id, revision=next(self.revisions), body=body, at=self.at,
        )  # fmt: skip
        assert apply_events(self.engine, self.store, [event]).applied == 1
        return id

    def customer(self, id: str | None = None, **body: Any) -> str:
        known = {"customer_no": "35000000001", "name": "李小明", "phone": "13812345678", "host_org": "3501"}
        return self.tell("customer", id, **known | body)

    def holding(self, customer_id: str, org_id: str = "3501", **body: Any) -> str:
        return self.tell(
            "holding", **{"customer_id": customer_id, "org_id": org_id, "product_id": self.new_id()} | body
        )

    def tablet(self, staff_no: str, branch: str) -> "Tablet":
        return Tablet(self, staff_no, branch)

    def audited(self, *actions: str) -> list[dict[str, Any]]:
        chosen = audit_entry.select().where(audit_entry.c.action.in_(actions)).order_by(audit_entry.c.position)
        return self.store.read(lambda look: [dict(row) for row in look.connection.execute(chosen).mappings()])

    def all_bytes(self) -> bytes:
        """Everything that the database holds: every value of every row of every table."""
        with self.store.engine.connect() as connection:
            rows = [row for table in metadata.sorted_tables for row in connection.execute(select(table))]
        return b"\n".join(value if isinstance(value, bytes) else str(value).encode() for row in rows for value in row)


class Tablet:
    """A lobby manager's tablet; `heard` is every byte that it was ever sent."""

    def __init__(self, lobby: Lobby, staff_no: str, branch: str, key: PrivateKey = TABLET_KEY) -> None:
        self.lobby, self.key, self.n, self.prev, self.heard = lobby, key, 0, "", b""
        self.branch, self.install_id = branch, lobby.new_id()
        self.cursor: str | None = None
        self.records: dict[tuple[str, str], dict[str, Any]] = {}
        buckets = {"catalog", f"branch:{branch}", f"staff:{staff_no}", f"install:{self.install_id}"}
        self.actor = Actor(
            install_id=self.install_id, staff_no=staff_no, org_id=branch, roles=frozenset({"lobby_manager"}),
            buckets=frozenset(buckets),
        )  # fmt: skip
        row = Install(install_id=self.install_id, public_key=write_public_jwk(key.public_key()), letter="A")
        lobby.store.write(lambda unit: unit.save_install(row))

    def say(self, kind: str, op: str, id: str | None = None, **told: Any) -> dict[str, Any]:
        self.n += 1
        made_at = {"wall": self.lobby.at, "boot": "b", "mono_ms": 1}
        return {"n": self.n, "kind": kind, "id": id or self.lobby.new_id(), "op": op, "made_at": made_at} | told

    def push(self, *mutations: dict[str, Any]) -> list[Outcome]:
        request = PushRequest(mutations=[Raw(msgspec.json.encode(one)) for one in mutations])
        answer = self.lobby.engine.push(request, self.actor, DeviceClock())
        self.heard += msgspec.json.encode(answer)
        return answer.outcomes

    def issue(self, number: int | None = None, **fields: Any) -> str:
        """Hand out a ticket and return its id."""
        body = {"branch_id": self.branch, "series": "A", "business_date": DAY, "issued_at": self.lobby.at}
        mutation = self.say("ticket", "create", set=body | {"number": number or self.n + 1} | fields)
        (outcome,) = self.push(mutation)
        assert outcome.status == "applied", outcome
        return str(mutation["id"])

    def claim(self, ticket: str, sort: str, **told: Any) -> Outcome:
        (outcome,) = self.push(self.say("ticket", "patch", ticket, set={"claim": {"sort": sort} | told}))
        return outcome

    def move(self, ticket: str, *states: str) -> None:
        for to in states:
            self.push(self.say("ticket", "transition", ticket, set={"from": "waiting", "to": to, "facts": {}}))

    def signed(self, kind: str, **body: Any) -> dict[str, Any]:
        """Return evidence that follows what this tablet signed before."""
        mutation = self.say(kind, "append", set=body | {"prev": self.prev})
        return mutation | {"sig": sign(self.key, canonical(mutation))}

    def pull(self) -> None:
        """Pull until nothing is left."""
        is_complete = False
        while not is_complete:
            answer = self.lobby.engine.pull(PullRequest(cursor=self.cursor), self.actor)
            raw = msgspec.json.encode(answer)
            self.heard, self.cursor, is_complete = self.heard + raw, answer.cursor, answer.complete
            for change in msgspec.json.decode(raw)["changes"]:
                key = (change["k"], change["id"])
                self.records.pop(key, None)
                if "x" not in change:
                    self.records[key] = change["d"]

    def cards(self) -> list[dict[str, Any]]:
        """The cards that are in the branch's bucket now."""
        self.pull()
        return [body for (kind, _), body in sorted(self.records.items()) if kind == "card"]

    def card(self) -> dict[str, Any]:
        (card,) = self.cards()
        return {**KINDS["card"].defaults, **card}
