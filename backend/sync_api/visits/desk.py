"""What supervisors and auditors see of visits, each in their own area."""

from collections.abc import Collection, Mapping, Sequence

import msgspec

from backend.domain.compliance.models import obligation
from backend.domain.compliance.queries.obligations import list_obligations
from backend.domain.compliance.rules.kept import Kept
from backend.domain.orgs.queries import orgs_below
from backend.domain.visits.queries import Picked, count_missing, find_traces, list_visits, list_waiting
from backend.domain.visits.rules.thresholds import Thresholds
from backend.identity import Role, require
from backend.storage.snapshot import SqlSnapshot
from backend.storage.sql_store import SqlStore
from backend.sync_api.visits.items import decode_grade, duties_of, fixes_of, item_of, places_of, said_of
from contracts.kinds.visit import Visit
from contracts.kinds.visit_grade import VisitGrade
from contracts.visits import QueueItem, QueuePage, VisitRecord
from sync.errors import Malformed, NotFound
from sync.kind import Actor
from sync.store import Key, Stored

READERS = (Role.SUPERVISOR, Role.AUDITOR)
VISIT, GRADE, CUSTOMER = "visit", "visit_grade", "customer"
DUTIES_MAX = 20  # in whose periods one visit lies
OPEN, ALL = "open", "all"

_visit = msgspec.json.Decoder(Visit)


class VisitDesk:
    """Reads of visits; the area is the caller's institution and all below."""

    def __init__(self, store: SqlStore, limits: Thresholds) -> None:
        self._store, self._limits = store, limits

    def reviews(
        self, actor: Actor, state: str, picked: Picked, *, org_id: str | None, after: str | None, limit: int
    ) -> QueuePage:
        """Return what waits in the area, the most doubtful first; other states of one month, the oldest first.

        Raises Forbidden, NotFound for an institution outside the area, Malformed for another state without a month.
        """
        require(actor, *READERS)
        return self._store.read(lambda look: _page(look, actor, state, picked, org_id, after, limit))

    def review(self, actor: Actor, visit_id: str) -> VisitRecord:
        """Return one visit with its evidence, its duties and its history. Raises Forbidden, NotFound."""
        require(actor, *READERS)
        return self._store.read(lambda look: self._record(look, actor, visit_id))

    def _record(self, look: SqlSnapshot, actor: Actor, visit_id: str) -> VisitRecord:
        area = orgs_below(look.connection, actor.org_id)
        stored = find_grade(look, visit_id, area)
        key = Key(VISIT, visit_id)
        visit, grade = _visit.decode(look.records([key])[key].body), decode_grade(stored.body)
        row = find_traces(look.connection, [visit_id]).get(visit_id)
        places = row.places if row else []
        return VisitRecord(
            item=items_of(look, [visit_id], actor.staff_no)[0],
            fixes=fixes_of(visit, places, self._limits), places=places_of(places),
            missing_photos=count_missing(look.connection, [visit_id]).get(visit_id, 0),
            corrected_by=grade.corrected_by, waits_behind=grade.waits_behind,
            duties=duties_of(_duties(look, grade, area), visit_id), **said_of(visit, grade),
        )  # fmt: skip


def find_grade(look: SqlSnapshot, visit_id: str, area: Collection[str]) -> Stored:
    """Return a visit's grade if it is of the area; in a unit, nobody else changes it then. Raises NotFound."""
    key = Key(GRADE, visit_id)
    stored = look.records([key]).get(key)
    if stored is None or stored.standing != "live" or decode_grade(stored.body).org_id not in area:
        raise NotFound
    return stored


def items_of(look: SqlSnapshot, visit_ids: Sequence[str], by: str) -> list[QueueItem]:
    """Return graded visits as a list shows them, in this order; nobody is kept from them meanwhile."""
    grades = SqlSnapshot.records(look, [Key(GRADE, id) for id in visit_ids])
    customers = customers_of(look, grades)
    found = [grades[Key(GRADE, id)] for id in visit_ids if Key(GRADE, id) in grades]
    return [item_of(stored, customers.get(decode_grade(stored.body).customer_id), by) for stored in found]


def orgs_of(look: SqlSnapshot, actor: Actor, org_id: str | None) -> frozenset[str]:
    """Return the institutions that are asked for. Raises NotFound for one outside the area."""
    area = orgs_below(look.connection, actor.org_id)
    if org_id in (None, actor.org_id):
        return area
    if org_id not in area:
        raise NotFound
    return orgs_below(look.connection, org_id)


def read_place(text: str) -> tuple[str, str]:
    """Return the place after which a page begins. Raises Malformed."""
    at, tilde, id = text.partition("~")
    if not tilde:
        raise Malformed("`after` is what an earlier page named `next`.")
    return at, id


def _page(
    look: SqlSnapshot, actor: Actor, state: str, picked: Picked, org_id: str | None, after: str | None, limit: int
) -> QueuePage:  # fmt: skip
    asked = msgspec.structs.replace(picked, state=None if state in (OPEN, ALL) else state)
    if state == OPEN:
        area = org_id or actor.org_id
        orgs_of(look, actor, org_id)
        found = list_waiting(look.connection, area, asked, after, limit + 1)
    else:
        if picked.month is None:
            raise Malformed("Name a `month`: only what is open is listed across all of them.")
        place = read_place(after) if after else None
        found = list_visits(look.connection, orgs_of(look, actor, org_id), asked, place, limit + 1)
    items = items_of(look, [id for _, id in found[:limit]], actor.staff_no)
    return QueuePage(items=items, next=_next(state, found, limit))


def _next(state: str, found: Sequence[tuple[str, str]], limit: int) -> str | None:
    if len(found) <= limit:
        return None
    place, id = found[limit - 1]
    return place if state == OPEN else f"{place}~{id}"


def customers_of(look: SqlSnapshot, grades: Mapping[Key, Stored]) -> dict[str, Stored]:
    """Return the customers of graded visits, by id."""
    ids = {decode_grade(stored.body).customer_id for stored in grades.values()}
    return {key.id: stored for key, stored in SqlSnapshot.records(look, [Key(CUSTOMER, id) for id in ids]).items()}


def _duties(look: SqlSnapshot, grade: VisitGrade, area: Collection[str]) -> list[Kept]:
    day = grade.local_date
    filters = [obligation.c.customer_id == grade.customer_id, obligation.c.first <= day, obligation.c.last >= day]
    found = list_obligations(look.connection, filters, None, DUTIES_MAX)
    return [kept for kept in found if kept.org_id in area]
