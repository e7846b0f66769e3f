"""What supervisors see and decide: reviews with both values, and where a branch's numbers went."""

from collections.abc import Iterable
from typing import Any

import msgspec
from msgspec import Struct

from backend.domain.orgs.queries import orgs_below
from backend.domain.reviews.queries import Wanted, list_reviews
from backend.domain.staff.queries import buckets_of
from backend.domain.tickets.queries import find_number_day
from backend.identity import Role, branch_bucket, require
from backend.line.series import read_series
from backend.storage.snapshot import SqlSnapshot
from backend.storage.sql_store import SqlStore
from backend.sync_api.paging import read_place
from contracts.push import FieldOutcome, Outcome
from contracts.review import DecisionRequest, ReviewItem, ReviewPage
from sync.engine import Engine
from sync.errors import NotFound
from sync.kind import Actor, Area
from sync.leases import LineReport
from sync.store import Key

PAGE_MAX = 200
DECIDERS = (Role.SUPERVISOR, Role.ADMINISTRATOR)
READERS = (*DECIDERS, Role.AUDITOR)
NO_AREA = Area(orgs=frozenset(), buckets=frozenset())

_outcome = msgspec.json.Decoder(Outcome)


class DayNumbers(Struct, frozen=True, kw_only=True):
    """The account of a branch's day; `ended_at` is when the day's end was drawn up, None while it goes on."""

    branch: str
    business_date: str
    lines: list[LineReport]
    names: dict[str, str]  # series → its name
    is_accounted: bool
    ended_at: str | None


class Desk:
    """Online work of those who answer for an area: their institution and all below it."""

    def __init__(self, engine: Engine, store: SqlStore) -> None:
        self._engine = engine
        self._store = store

    def reviews(
        self, actor: Actor, wanted: Wanted, *, org_id: str | None, after: str | None, limit: int
    ) -> ReviewPage:  # fmt: skip
        """Return the area's reviews, oldest first; each disputed field has both values.

        Raises Forbidden, NotFound for an institution outside the area.
        """
        require(actor, *READERS)
        place = read_place(after) if after else None
        return self._store.read(lambda look: _page(look, actor, wanted, org_id, place, limit))

    def decide(self, actor: Actor, review_id: str, request: DecisionRequest) -> ReviewItem:
        """Settle a review of the area, or what asks for its own author. Raises NotFound, AlreadyDecided, OwnWork."""
        area = self._store.read(lambda look: _area_of(look, actor)) if _may_decide(actor) else NO_AREA
        return self._engine.decide_review(review_id, request, actor, area)

    def numbers(self, actor: Actor, branch: str, date: str) -> DayNumbers:
        """Return where every number of a branch's day went, as of now, with the names of its series.

        Raises NotFound outside the actor's branch or area.
        """
        if not self._may_see(actor, branch):
            raise NotFound
        report = self._engine.account_numbers(branch, date)
        names, ended = self._store.read(
            lambda look: (read_series(look, branch), find_number_day(look.connection, branch, date))
        )
        return DayNumbers(
            branch=report.branch, business_date=report.business_date, lines=report.lines, names=names,
            is_accounted=report.is_accounted, ended_at=ended.ended_at if ended else None,
        )  # fmt: skip

    def _may_see(self, actor: Actor, branch: str) -> bool:
        if branch_bucket(branch) in actor.buckets:
            return True
        area = self._store.read(lambda look: orgs_below(look.connection, actor.org_id))
        return branch in area and not actor.roles.isdisjoint(role.value for role in READERS)


def _may_decide(actor: Actor) -> bool:
    return not actor.roles.isdisjoint(role.value for role in DECIDERS)


def _area_of(look: SqlSnapshot, actor: Actor) -> Area:
    """Return what a supervisor may put records into when they try a mutation again."""
    orgs = orgs_below(look.connection, actor.org_id)
    return Area(orgs=orgs, buckets=frozenset(map(branch_bucket, orgs)) | buckets_of(look.connection, orgs))


def _page(
    look: SqlSnapshot, actor: Actor, wanted: Wanted, org_id: str | None, place: tuple[str, str] | None, limit: int
) -> ReviewPage:  # fmt: skip
    area = orgs_below(look.connection, actor.org_id)
    if org_id is not None and org_id not in area:
        raise NotFound
    chosen = area if org_id is None else orgs_below(look.connection, org_id)
    found = list_reviews(look.connection, chosen, wanted, after=place, limit=limit + 1)
    items = list(_items(look, [id for _, id in found[:limit]]))
    return ReviewPage(items=items, next=_write_place(*found[limit - 1]) if len(found) > limit else None)


def _items(look: SqlSnapshot, ids: list[str]) -> Iterable[ReviewItem]:
    records = look.records([Key("review", id) for id in ids])
    for id in ids:
        stored = records[Key("review", id)]
        yield ReviewItem(id=id, version=stored.version, body=_with_theirs(look, msgspec.json.decode(stored.body)))


def _with_theirs(look: SqlSnapshot, body: dict[str, Any]) -> dict[str, Any]:
    """Return a review's body with the server's values of the disputed fields, which tablets are not sent (I5)."""
    remembered = look.remembered(body["install_id"], [body["n"]]).get(body["n"])
    if remembered is None:
        return body | {"fields": [field | _of_the_crm(look, body, field) for field in body.get("fields", [])]}
    told = {field.field: field for field in _outcome.decode(remembered.outcome).fields}
    return body | {"fields": [_both(field, told.get(field.get("field", ""))) for field in body.get("fields", [])]}


def _of_the_crm(look: SqlSnapshot, body: dict[str, Any], field: dict[str, Any]) -> dict[str, Any]:
    """Return the value against which the CRM decided: as its request keeps it, else as the record has it now."""
    keys = [Key("request", body.get("args", {}).get("request", "")), Key(body["subject_kind"], body["subject_id"])]
    found = look.records(keys)
    bodies = [msgspec.json.decode(found[key].body) for key in keys if key in found and found[key].body]
    known: dict[str, Any] = (bodies[0].get("crm_values") if bodies else None) or (bodies[-1] if bodies else {})
    return {"theirs": known.get(field.get("field", "")), "theirs_by": "crm"}


def _both(field: dict[str, Any], told: FieldOutcome | None) -> dict[str, Any]:
    return field if told is None else field | msgspec.to_builtins(told)


def _write_place(raised_at: str, id: str) -> str:
    return f"{raised_at}~{id}"
