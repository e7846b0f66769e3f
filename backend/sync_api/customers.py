"""Customers at a desk: masked for whoever may see them, a field in full for a supervisor who says why."""

from typing import TypeVar

import msgspec

from backend.domain.customers.queries import belongings_of, cards_of_customers, crm_heard_at
from backend.domain.customers.rules.masking import mask_text
from backend.domain.customers.rules.rights import Right, right_of
from backend.domain.customers.rules.view import Sight, make_view, reveal_field, revealable
from backend.domain.handoffs.reveals import note_reveal
from backend.domain.orgs.queries import orgs_below
from backend.identity import Role, branch_bucket, portfolio_bucket, require
from backend.storage.snapshot import SqlSnapshot
from backend.storage.sql_store import SqlStore
from backend.storage.unit import SqlUnit
from contracts.customers import CustomerView, RevealAnswer, RevealRequest
from contracts.kinds import Customer, Holding, Reminder
from contracts.policy import Record
from sync.engine import Engine
from sync.errors import Forbidden, NotFound
from sync.kind import Actor
from sync.moments import write_moment
from sync.store import Key

R = TypeVar("R", bound=Record)

READERS = (Role.SUPERVISOR, Role.FIELD_MANAGER, Role.LOBBY_MANAGER)


class CustomerDesk:
    """Looks at customers online, by the rights of 001-11."""

    def __init__(self, engine: Engine, store: SqlStore, stale_h: int) -> None:
        self._engine, self._store, self._stale_h = engine, store, stale_h

    def view(self, actor: Actor, customer_id: str) -> CustomerView:
        """Return a customer, masked. Raises Forbidden for other roles, NotFound for whom the caller may not know."""
        require(actor, *READERS)
        return make_view(self._store.read(lambda look: self._look_at(look, actor, customer_id)))

    def reveal(self, actor: Actor, customer_id: str, request: RevealRequest) -> RevealAnswer:
        """Return a field in full and write down that it was seen, both or neither. Raises Forbidden, NotFound."""
        require(actor, Role.SUPERVISOR)
        at = write_moment(self._engine.clock())
        return self._store.write(lambda unit: self._reveal(unit, actor, customer_id, request, at))

    def _reveal(
        self, unit: SqlUnit, actor: Actor, customer_id: str, request: RevealRequest, at: str
    ) -> RevealAnswer:  # fmt: skip
        sight = self._look_at(unit, actor, customer_id)
        if request.field not in revealable(sight):
            raise Forbidden("this field is not yours to see", revealable=sorted(revealable(sight)))
        note_reveal(
            unit, org_id=actor.org_id, by=actor.staff_no, subject=Key("customer", customer_id), field=request.field,
            at=at, reason=mask_text(request.reason), install_id=actor.install_id,
        )  # fmt: skip
        return RevealAnswer(field=request.field, value=reveal_field(sight, request.field))

    def _look_at(self, look: SqlSnapshot, actor: Actor, customer_id: str) -> Sight:
        key = Key("customer", customer_id)
        stored = look.records([key]).get(key)
        if stored is None or stored.standing != "live":
            raise NotFound
        customer: Customer = msgspec.json.decode(stored.body, type=Customer)
        right, orgs = _standing(look, actor, customer_id, customer)
        holdings, reminders = _belongings(look, Holding, customer_id), _belongings(look, Reminder, customer_id)
        is_known = right is not Right.NONE or any(held.org_id in orgs for held in holdings)
        if not is_known and not _waits_in(look, customer_id, orgs):
            raise NotFound
        return Sight(
            customer_id=customer_id, customer=customer, right=right, orgs=orgs, holdings=holdings,
            reminders=reminders, crm_at=crm_heard_at(look.connection), stale_h=self._stale_h,
        )  # fmt: skip


def _standing(look: SqlSnapshot, actor: Actor, customer_id: str, customer: Customer) -> tuple[Right, frozenset[str]]:
    """Return the caller's right and the institutions that they look for.

    A head has the rights of all institutions below; a field manager those of the portfolio that is theirs; a lobby
    manager those of the branch, while the customer waits there.
    """
    if Role.SUPERVISOR.value in actor.roles:
        area = orgs_below(look.connection, actor.org_id)
        return right_of(customer, area), area
    if Role.FIELD_MANAGER.value in actor.roles and (held := _portfolio_right(actor, customer)):
        return held
    branches = {row.branch_id for row in cards_of_customers(look.connection, [customer_id])}
    here = frozenset(branch for branch in branches if branch_bucket(branch) in actor.buckets)
    if not here or not _waits_in(look, customer_id, here):
        raise NotFound
    return right_of(customer, here), here


def _portfolio_right(actor: Actor, customer: Customer) -> tuple[Right, frozenset[str]] | None:
    if customer.host_portfolio and portfolio_bucket(customer.host_portfolio) in actor.buckets:
        return Right.HOST, frozenset({customer.host_org})
    if customer.assist_portfolio and portfolio_bucket(customer.assist_portfolio) in actor.buckets:
        return Right.ASSIST, frozenset({customer.assist_org or ""})
    return None


def _waits_in(look: SqlSnapshot, customer_id: str, orgs: frozenset[str]) -> bool:
    rows = cards_of_customers(look.connection, [customer_id])
    return any(row.customer_id == customer_id and row.branch_id in orgs for row in rows)


def _belongings(look: SqlSnapshot, record: type[R], customer_id: str) -> list[R]:
    ids = belongings_of(look.connection, record.kind, [customer_id])
    found = SqlSnapshot.records(look, [Key(record.kind, id) for id in ids])
    return [msgspec.json.decode(stored.body, type=record) for stored in found.values() if stored.standing == "live"]
