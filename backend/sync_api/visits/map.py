"""Visits and customers' places on a map: GeoJSON (RFC 7946), in WGS-84."""

from collections.abc import Iterable, Mapping, Sequence

from backend.domain.compliance.queries.facts import list_customers
from backend.domain.visits.queries import Picked, find_traces, list_visits
from backend.domain.visits.rules.datums import Point, to_wgs84
from backend.domain.visits.rules.position import Position
from backend.identity import require
from backend.storage.snapshot import SqlSnapshot
from backend.storage.sql_store import SqlStore
from backend.sync_api.paging import read_place
from backend.sync_api.visits.desk import CUSTOMER, GRADE, READERS, customers_of, orgs_of
from backend.sync_api.visits.items import DIGITS, decode_customer, decode_grade, name_of
from contracts.kinds.customer import Place
from contracts.visits import Feature, FeatureCollection, Geometry
from sync.kind import Actor
from sync.store import Key, Stored

MORE = " More follow by `next`."


class VisitMap:
    """Maps of the caller's area: their institution and all below."""

    def __init__(self, store: SqlStore) -> None:
        self._store = store

    def visits(
        self, actor: Actor, picked: Picked, *, org_id: str | None, after: str | None, limit: int
    ) -> FeatureCollection:
        """Return a month's visits where they began, with the places of the customers that they were made to.

        Raises Forbidden, NotFound for an institution outside the area.
        """
        require(actor, *READERS)
        return self._store.read(lambda look: _visits(look, actor, picked, org_id, after, limit))

    def places(self, actor: Actor, *, org_id: str | None, after: str | None, limit: int) -> FeatureCollection:
        """Return the places of all customers whom the area's institutions host, `limit` customers a page."""
        require(actor, *READERS)
        return self._store.read(lambda look: _places(look, actor, org_id, after, limit))


def _visits(
    look: SqlSnapshot, actor: Actor, picked: Picked, org_id: str | None, after: str | None, limit: int
) -> FeatureCollection:  # fmt: skip
    place = read_place(after) if after else None
    found = list_visits(look.connection, orgs_of(look, actor, org_id), picked, place, limit + 1)
    shown = [id for _, id in found[:limit]]
    grades = look.records([Key(GRADE, id) for id in shown])
    positions = {id: row.trace.check_in.position for id, row in find_traces(look.connection, shown).items()}
    customers = customers_of(look, grades)
    visits = [_visit(grades[Key(GRADE, id)], positions.get(id), customers) for id in shown]
    places = list(_features(customers))
    nowhere = sum(feature.geometry is None for feature in visits)
    note = (
        f"{len(visits)} visits of {picked.month}, {nowhere} of them without a position (no geometry), and the"
        f" {len(places)} places of the customers that they were made to; a customer who is on several pages is on each."
    )
    further = "~".join(found[limit - 1]) if len(found) > limit else None
    return FeatureCollection(features=visits + places, note=note + (MORE if further else ""), next=further)


def _places(look: SqlSnapshot, actor: Actor, org_id: str | None, after: str | None, limit: int) -> FeatureCollection:
    found = list_customers(look.connection, orgs_of(look, actor, org_id), after or "", limit + 1)
    shown = found[:limit]
    stored = look.records([Key(CUSTOMER, id) for id in shown])
    places = list(_features({key.id: one for key, one in stored.items()}))
    further = shown[-1] if len(found) > limit else None
    note = f"{len(places)} places of {len(shown)} customers." + (MORE if further else "")
    return FeatureCollection(features=places, note=note, next=further)


def _visit(stored: Stored, position: Position | None, customers: Mapping[str, Stored]) -> Feature:
    grade = decode_grade(stored.body)
    return Feature(
        id=f"visit:{stored.id}", geometry=_point(position.point) if position else None,
        properties={
            "sort": "visit", "visit_id": stored.id, "person": grade.author, "org_id": grade.org_id,
            "day": grade.local_date, "at": grade.at, "type": grade.type, "grade": grade.grade,
            "verdict": grade.verdict, "review_state": grade.review_state, "points": grade.points,
            "flags": [flag.code for flag in grade.flags], "accuracy_m": position.accuracy_m if position else None,
            "customer_id": grade.customer_id, "customer_name": name_of(customers.get(grade.customer_id)),
        },
    )  # fmt: skip


def _features(customers: Mapping[str, Stored]) -> Iterable[Feature]:
    for id in sorted(customers):
        if customers[id].standing == "live":
            yield from _of_customer(id, decode_customer(customers[id].body).places, name_of(customers[id]))


def _of_customer(customer_id: str, places: Sequence[Place], name: str) -> Iterable[Feature]:
    for number, place in enumerate(places, start=1):
        told = {
            "sort": "place", "customer_id": customer_id, "customer_name": name, "label": place.label,
            "radius_m": place.radius_m, "captured": place.captured, "accuracy_m": place.accuracy_m,
        }  # fmt: skip
        point = to_wgs84(Point(place.lat, place.lon), place.datum)
        yield Feature(id=f"place:{customer_id}:{number}", geometry=_point(point), properties=told)


def _point(point: Point) -> Geometry:
    return Geometry(coordinates=(round(point.lon, DIGITS), round(point.lat, DIGITS)))
