"""What the tests of the ledger say in one line: a customer, a ticket, a contact, a card's offers."""

from typing import Any

import msgspec
from sqlalchemy import select

from backend.crm.embedded import drain_outbox
from backend.domain.handoffs.offers import add_offers
from backend.domain.marketing.models import contact_entry
from backend.domain.marketing.rules.facts import OfferSettings
from backend.registry import KINDS
from backend.storage.sql_store import SqlStore
from contracts.base import Body
from contracts.kinds import Customer
from sync.engine import Engine
from sync.moments import write_moment
from sync.puts import Put
from sync.signing import new_key
from tests.backend.auth.people import House
from tests.backend.doors.tablets import new_id
from tests.support.kept import Kept

TODAY, NOW = "2026-11-21", "2026-11-21T01:30:00.000Z"


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """Who waits where."""

    customer_id: str
    customer: Customer
    branch_id: str
    ticket_id: str


class Ledger(Kept):
    """An engine whose writes are followed by what they mean for the ledger."""

    def __init__(self, house: House, store: SqlStore) -> None:
        self.house, self.store = house, store
        self.engine = Engine(
            store, KINDS, clock=house.clock, secret=b"s" * 32, server_key=new_key(), new_id=new_id
        )  # fmt: skip

    def put(self, kind: str, id: str = "", **body: Any) -> str:
        id = id or new_id()
        self.engine.put_records([Put(kind=kind, id=id, body=body)], "test")
        return id

    def change(self, kind: str, id: str, **fields: Any) -> None:
        self.put(kind, id, **(self.body(kind, id) | fields))

    def customer(self, **fields: Any) -> str:
        own: Body = {"customer_no": "12345678901", "name": "林小燕", "host_org": "3501", "host_portfolio": "p1"}
        return self.put("customer", **own | {"crm_revision": 1, "as_of": NOW} | fields)

    def relate(self, customer_id: str, related_id: str, role: str = "07", **fields: Any) -> str:
        ends = {"customer_id": customer_id, "related_id": related_id, "role": role}
        return self.put("relation", **ends, crm_revision=1, as_of=NOW, **fields)

    def product(self, code: str = "D1", **fields: Any) -> str:
        return self.put("product", code=code, name=f"产品{code}", family="deposit", **fields)

    def ticket(self, customer_id: str | None = None, branch_id: str = "3501", number: int = 1) -> str:
        return self.put(
            "ticket", branch_id=branch_id, series="A", business_date=TODAY, number=number, issued_at=NOW,
            state="waiting", customer_id=customer_id,
        )  # fmt: skip

    def contact(self, author: str = "l1", stage: str = "approached", **fields: Any) -> str:
        at = write_moment(self.house.clock())
        own = {"org_id": "3501", "author": author, "stage": stage, "happened_at": at, "made_at": at, "prev": ""}
        return self.put("contact", **own | fields)

    def visit(self, customer_id: str, **fields: Any) -> str:
        at = write_moment(self.house.clock())
        own = {"purpose": "贷后检查", "content": "看过了", "author": "f1", "started_at": at, "made_at": at, "prev": ""}
        return self.put("visit", customer_id=customer_id, **own | fields)

    def card(self, customer_id: str, branch_id: str = "3501", *, ticket_id: str = "", right: str = "host") -> Body:
        """The card of somebody who waits, with what the ledger and the rules add to it."""
        customer = msgspec.convert(self.body("customer", customer_id), Customer)
        waiting = Waiting(customer_id=customer_id, customer=customer, branch_id=branch_id, ticket_id=ticket_id)
        card = {
            "branch_id": branch_id, "ticket_id": ticket_id or new_id(), "customer_id": customer_id, "right": right,
            "name": customer.name, "birth_year": customer.birth_year, "labels": sorted(customer.labels),
            "care": sorted(customer.care), "crm_revision": 1, "as_of": NOW,
        }  # fmt: skip
        at = write_moment(self.house.clock())
        return card | self.store.read(lambda look: add_offers(OfferSettings())(look, waiting, card, at))

    def bars(self, customer_id: str, branch_id: str = "3501", **asked: Any) -> list[list[str]]:
        return [one["barred_by"] for one in self.card(customer_id, branch_id, **asked)["suppressed"]]

    def entries(self) -> dict[str, dict[str, Any]]:
        chosen = select(contact_entry)
        rows = self.store.read(lambda look: look.connection.execute(chosen).mappings().all())
        return {row["id"]: dict(row) for row in rows}

    def drain(self) -> Any:
        return drain_outbox(self.engine, self.store)
