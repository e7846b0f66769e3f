"""What those who answer for an area, and those who meet customers, are told of contacts and their outcomes."""

import msgspec

from backend.domain.customers.queries import cards_of_customers
from backend.domain.marketing.queries import (
    ContactRow,
    as_seen,
    list_contacts,
    list_effects,
    list_products,
)
from backend.domain.marketing.rules.effects import sum_up
from backend.domain.orgs.queries import orgs_below
from backend.identity import Role, branch_bucket, require
from backend.storage.snapshot import SqlSnapshot
from backend.storage.sql_store import SqlStore
from backend.sync_api.days import check_order
from backend.sync_api.paging import read_place
from contracts.kinds import Customer
from contracts.marketing import ContactItem, ContactPage, EffectPage
from sync.errors import NotFound
from sync.kind import Actor
from sync.store import Key, Stored

AREA_ROLES = (Role.SUPERVISOR, Role.ADMINISTRATOR, Role.AUDITOR)


class OfferDesk:
    """Contacts of a customer, and effects of an area, read online."""

    def __init__(self, store: SqlStore) -> None:
        self._store = store

    def contacts(self, actor: Actor, customer_id: str, *, after: str | None, limit: int) -> ContactPage:
        """Return a customer's contacts, newest first. Raises NotFound to whoever may not see the customer.

        They are all there for the host's side; to the assisting side, what others dealt says nothing of products.
        """
        place = read_place(after) if after else None
        return self._store.read(lambda look: _contacts(look, actor, customer_id, place, limit))

    def effects(self, actor: Actor, *, org_id: str | None, since: str, until: str) -> EffectPage:
        """Return what came of each product in the actor's area or a part of it.

        Raises Forbidden, NotFound, and Malformed for days that are none or in the wrong order.
        """
        require(actor, *AREA_ROLES)
        check_order(since, until)
        return self._store.read(lambda look: _effects(look, actor, org_id, since, until))


def _contacts(
    look: SqlSnapshot, actor: Actor, customer_id: str, place: tuple[str, str] | None, limit: int
) -> ContactPage:
    stored = look.records([Key("customer", customer_id)]).get(Key("customer", customer_id))
    if stored is None or stored.standing != "live":
        raise NotFound
    seen_by = _seen_by(look, actor, stored)
    rows = list_contacts(look.connection, customer_id, place, limit + 1)
    shown = [row if seen_by is None else as_seen(row, seen_by) for row in rows[:limit]]
    return ContactPage(
        items=[_item(row) for row in shown], next=f"{shown[-1].at}~{shown[-1].id}" if len(rows) > limit else None
    )


def _seen_by(look: SqlSnapshot, actor: Actor, stored: Stored) -> frozenset[str] | None:
    """Return the institutions whose own dealings alone are told; None if all are. Raises NotFound."""
    customer = msgspec.json.decode(stored.body, type=Customer)
    is_head = not actor.roles.isdisjoint(role.value for role in AREA_ROLES)
    area = orgs_below(look.connection, actor.org_id) if is_head else frozenset({actor.org_id})
    if customer.host_org in area and (is_head or actor.sees(stored.buckets)):
        return None
    if actor.sees(stored.buckets) or (is_head and customer.assist_org in area):
        return area
    if here := _where_they_wait(look, actor, stored.id):
        return None if customer.host_org in here else here
    raise NotFound


def _where_they_wait(look: SqlSnapshot, actor: Actor, customer_id: str) -> frozenset[str]:
    """Return the lobby manager's branches where the customer waits now; what is told there is what the card tells."""
    if Role.LOBBY_MANAGER.value not in actor.roles:
        return frozenset()
    rows = cards_of_customers(look.connection, [customer_id])
    branches = {row.branch_id for row in rows if row.customer_id == customer_id}
    return frozenset(branch for branch in branches if branch_bucket(branch) in actor.buckets)


def _effects(look: SqlSnapshot, actor: Actor, org_id: str | None, since: str, until: str) -> EffectPage:
    area = orgs_below(look.connection, actor.org_id)
    if org_id is not None and org_id not in area:
        raise NotFound
    chosen = orgs_below(look.connection, org_id) if org_id is not None else area
    names = {one.id: one.product.name for one in list_products(look.connection)}
    items = sum_up(list_effects(look.connection, chosen, since, until), names)
    return EffectPage(since=since, until=until, items=items)


def _item(row: ContactRow) -> ContactItem:
    told = {name: getattr(row, name) for name in ContactItem.__struct_fields__}
    return ContactItem(**told)
