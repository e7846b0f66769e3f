"""Leads online: supervisors see what was escalated in their area, and say who follows it (003-03)."""

from collections.abc import Iterable

import msgspec

from backend.auth.trail import note_of_org
from backend.domain.customers.rules.masking import mask_name, mask_phone
from backend.domain.orgs.queries import orgs_below
from backend.domain.staff.queries import find_staff
from backend.domain.tasks.queries import list_leads
from backend.identity import Role, require
from backend.storage.snapshot import SqlSnapshot
from backend.storage.sql_store import SqlStore
from backend.storage.unit import SqlUnit
from backend.sync_api.paging import read_place
from contracts.kinds import Lead
from contracts.leads import AssignLeadRequest, LeadItem, LeadPage
from contracts.policy import Step
from sync.engine import Engine
from sync.errors import AlreadyDecided, NotFound
from sync.kind import Actor
from sync.moments import write_moment
from sync.moves import move_record
from sync.store import Key, Stored

ASSIGNERS = (Role.SUPERVISOR, Role.ADMINISTRATOR)

_lead = msgspec.json.Decoder(Lead)


class LeadDesk:
    """What a supervisor does about the leads of an area: their institution and all below it."""

    def __init__(self, engine: Engine, store: SqlStore) -> None:
        self._engine = engine
        self._store = store

    def leads(self, actor: Actor, *, state: str, after: str | None, limit: int) -> LeadPage:
        """Return the area's leads in a state, the longest waiting first; names and phones masked. Raises Forbidden."""
        require(actor, *ASSIGNERS, Role.AUDITOR)
        place = read_place(after) if after else None
        return self._store.read(lambda look: _page(look, actor, state, place, limit))

    def assign(self, actor: Actor, lead_id: str, request: AssignLeadRequest) -> LeadItem:
        """Give a lead of the area to one of its field managers, whose tablet has it with the next pull.

        Whoever followed it before loses it; its finder and its supervisor keep seeing what becomes of it, and its
        `steps` keep who had it. Raises Forbidden, NotFound for a lead or person outside the area, AlreadyDecided if it
        has changed since or has come to an end.
        """
        require(actor, *ASSIGNERS)
        return self._store.write(lambda unit: self._assign(unit, actor, lead_id, request))

    def _assign(self, unit: SqlUnit, actor: Actor, id: str, request: AssignLeadRequest) -> LeadItem:
        area = orgs_below(unit.connection, actor.org_id)
        stored, body = _find(unit, area, id)
        _check_owner(unit, area, request.owner)
        at, facts = write_moment(self._engine.clock()), {"owner": request.owner}
        if stored.version != request.version:
            raise AlreadyDecided(state=body.state, owner=body.owner, version=stored.version)
        moved = move_record(unit, self._engine.kinds, stored.key, "assigned", facts, by=actor.staff_no, at=at)
        if moved.step is not Step.APPLY:
            raise AlreadyDecided(state=body.state, owner=body.owner, version=stored.version)
        told = {"owner": request.owner, "before": body.owner or body.author}
        note_of_org(unit, body.org_id, actor.staff_no, "assign_lead", at, subject=id, detail=told)
        return _item(*_find(unit, area, id))


def _page(look: SqlSnapshot, actor: Actor, state: str, place: tuple[str, str] | None, limit: int) -> LeadPage:
    found = list_leads(look.connection, orgs_below(look.connection, actor.org_id), state, after=place, limit=limit + 1)
    items = list(_items(look, [id for _, id in found[:limit]]))
    return LeadPage(items=items, next="~".join(found[limit - 1]) if len(found) > limit else None)


def _items(look: SqlSnapshot, ids: list[str]) -> Iterable[LeadItem]:
    records = look.records([Key("lead", id) for id in ids])
    for id in ids:
        stored = records[Key("lead", id)]
        yield _item(stored, _lead.decode(stored.body))


def _find(look: SqlSnapshot, area: frozenset[str], id: str) -> tuple[Stored, Lead]:
    stored = look.records([Key("lead", id)]).get(Key("lead", id))
    if stored is None or stored.standing != "live":
        raise NotFound
    body = _lead.decode(stored.body)
    if body.org_id not in area:
        raise NotFound
    return stored, body


def _check_owner(look: SqlSnapshot, area: frozenset[str], staff_no: str) -> None:
    """Raise NotFound unless this is a field manager at work in the area."""
    person = find_staff(look.connection, staff_no)
    is_there = person is not None and person.revoked_at is None and person.org_id in area
    if person is None or not is_there or Role.FIELD_MANAGER.value not in person.roles:
        raise NotFound(staff_no=staff_no)


def _item(stored: Stored, body: Lead) -> LeadItem:
    return LeadItem(
        id=stored.id, version=stored.version, org_id=body.org_id, name=mask_name(body.name),
        phone=mask_phone(body.phone) if body.phone else "", state=body.state,
        state_at=body.state_at or stored.changed_at, author=body.author, supervisor=body.supervisor, owner=body.owner,
    )  # fmt: skip
