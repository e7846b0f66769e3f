"""What the CRM tests need to say in one line: a customer, an event, a proposal, a look."""

from itertools import count
from typing import Any

import msgspec

from backend.auth.revocation import revoke_staff
from backend.crm.embedded import drain_outbox
from backend.crm.events import CrmEvent
from backend.crm.inbound import apply_events
from backend.registry import KINDS
from backend.storage.sql_store import SqlStore
from contracts.push import PushRequest
from contracts.review import Decision, DecisionRequest
from sync.clock import DeviceClock
from sync.engine import Engine
from sync.kind import Actor, Area
from sync.moments import write_moment
from sync.signing import new_key
from sync.store import Key
from tests.backend.auth.people import House, Tablet
from tests.support.kept import Kept

CUSTOMER = "00000000-0000-4000-8000-00000000c001"
HOLDING = "00000000-0000-4000-8000-00000000d001"
REMINDER = "00000000-0000-4000-8000-00000000f001"
RELATION = "00000000-0000-4000-8000-00000000f002"
RELATED = "00000000-0000-4000-8000-00000000c002"
PRODUCT = "00000000-0000-4000-8000-00000000e001"

AREA = Area(orgs=frozenset({"35", "3501", "3502"}), buckets=frozenset({"portfolio:p1", "portfolio:p2", "staff:f1"}))


class Town(Kept):
    """One engine, and the CRM at its other end."""

    def __init__(self, house: House, store: SqlStore) -> None:
        self.house, self.store = house, store
        ids = count(1)
        self.engine = Engine(
            store, KINDS, clock=house.clock, secret=b"s" * 32, server_key=new_key(),
            new_id=lambda: f"00000000-0000-4000-8000-{next(ids):012x}",
        )  # fmt: skip
        self.numbers = count(1)
        self.events = count(1)
        self.tablet: Tablet = house.tablet("3501")

    def event(self, revision: int, *, kind: str = "customer", id: str = "", **fields: Any) -> CrmEvent:
        customer = {"customer_no": "12345678901", "name": "林小燕", "host_org": "3501", "host_portfolio": "p1"}
        holding = {"customer_id": CUSTOMER, "product_id": PRODUCT, "org_id": "3501"}
        reminder = {"customer_id": CUSTOMER, "org_id": "3501", "sort": "loan_due"}
        relation = {"customer_id": CUSTOMER, "related_id": RELATED, "role": "07"}
        own_id, body = {
            "customer": (CUSTOMER, customer), "holding": (HOLDING, holding), "reminder": (REMINDER, reminder),
            "relation": (RELATION, relation),
        }[kind]  # fmt: skip
        return CrmEvent(
            source="core", event_id=f"e{next(self.events)}", kind=kind,  # type: ignore[arg-type]  # one of the four
            id=id or own_id, revision=revision, body=body | fields, at=write_moment(self.house.clock()),
        )  # fmt: skip

    def apply(self, *events: CrmEvent) -> Any:
        return apply_events(self.engine, self.store, list(events))

    def drain(self) -> Any:
        return drain_outbox(self.engine, self.store)

    def body(self, kind: str = "customer", id: str = CUSTOMER) -> dict[str, Any]:
        return super().body(kind, id)

    def buckets(self, kind: str, id: str) -> set[str]:
        return set(self.store.read(lambda look: look.records([Key(kind, id)]))[Key(kind, id)].buckets)

    def propose(self, base: dict[str, Any], **set: Any) -> None:
        """Let f1 propose new values for the customer."""
        mutation = {
            "n": next(self.numbers), "kind": "customer", "id": CUSTOMER, "op": "propose", "base": base, "set": set,
            "made_at": {"wall": "2026-11-21T09:30:00+08:00"}, "reason": "customer said so",
        }  # fmt: skip
        raw = msgspec.json.encode({"mutations": [mutation]})
        actor = Actor(
            install_id=self.tablet.install_id, staff_no="f1", org_id="3501", roles=frozenset({"field_manager"}),
            buckets=frozenset({"portfolio:p1", "staff:f1"}),
        )  # fmt: skip
        answer = self.engine.push(msgspec.json.decode(raw, type=PushRequest), actor, DeviceClock())
        assert answer.outcomes[0].status == "applied", answer

    def request(self) -> dict[str, Any]:
        (request,) = self.records("request", "staff:f1")
        return request

    def review(self) -> dict[str, Any]:
        (review,) = self.records("review", f"install:{self.tablet.install_id}")
        return review

    def decide(self, decision: Decision, reason: str = "asked the customer") -> None:
        boss = Actor(install_id=self.tablet.install_id, staff_no="boss", org_id="35")
        request = DecisionRequest(decision=decision, reason=reason, version=1)
        self.engine.decide_review(self.review()["id"], request, boss, AREA)

    def dismiss(self, staff_no: str) -> None:
        revoke_staff(self.house.auth, staff_no, "test")
