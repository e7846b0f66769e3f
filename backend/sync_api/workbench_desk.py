"""The working day of a field manager, and that of a team: plans and their clashes, what is due, a suggested way."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime

import msgspec
from msgspec import Struct
from sqlalchemy import select

from backend.domain.compliance.models import duty_ownership, obligation
from backend.domain.compliance.policy import owner_on
from backend.domain.compliance.queries.obligations import list_obligations
from backend.domain.compliance.rules.kept import Kept
from backend.domain.customers.rules.masking import mask_name
from backend.domain.handoffs.ways import suggest_way
from backend.domain.orgs.queries import orgs_below
from backend.domain.tasks.rules import STOPS_MAX, Hours, Route, clashing
from backend.identity import BANK_TIME, Role, portfolio_bucket, require, staff_bucket, team_bucket
from backend.storage.snapshot import SqlSnapshot
from backend.storage.sql_store import SqlStore
from backend.sync_api.days import check_days
from contracts.kinds import Customer
from contracts.kinds.customer import Place
from contracts.kinds.workbench import Busy, Plan
from contracts.workbench import Clash, DueVisit, PlannedHours, RouteStop, TeamDay, TeamHours, WorkDay
from sync.errors import NotFound
from sync.kind import Actor
from sync.moments import read_moment
from sync.store import Key

ROWS_AT_ONCE = 1_000
DUE_MAX = 500
URGENCY = ("at_risk", "short", "on_track", "pending_review")  # of what still wants visits
WORKERS = (Role.FIELD_MANAGER, Role.LOBBY_MANAGER, Role.SUPERVISOR)

_plan = msgspec.json.Decoder(Plan).decode
_busy = msgspec.json.Decoder(Busy).decode
_customer = msgspec.json.Decoder(Customer).decode


class Start(Struct, frozen=True, kw_only=True):
    """Where a way begins (WGS-84), at which minute of the day, and to how many stops at most."""

    lat: float
    lon: float
    at_min: float
    stops: int = STOPS_MAX


class WorkbenchDesk:
    """Looks at a day."""

    def __init__(self, store: SqlStore) -> None:
        self._store = store

    def day(self, actor: Actor, day: str, start: Start | None) -> WorkDay:
        """Return the caller's plans of a day, the duties of its month that want visits, and a way.

        Raises Forbidden, Malformed.
        """
        require(actor, *WORKERS)
        check_days(day=day)
        return self._store.read(lambda look: _day(look, actor, day, start))

    def team(self, actor: Actor, day: str, org_id: str | None) -> TeamDay:
        """Return when the people of an institution are busy, with clashes.

        Everybody sees the own institution, supervisors those of their area. Raises Forbidden, NotFound, Malformed.
        """
        require(actor, *WORKERS)
        check_days(day=day)
        return self._store.read(lambda look: _team(look, actor, day, org_id or actor.org_id))


def _day(look: SqlSnapshot, actor: Actor, day: str, start: Start | None) -> WorkDay:
    busy = list(_busy_hours(look, actor.org_id, day))
    plans = sorted(_plans(look, actor, day, busy), key=lambda plan: (plan.starts_at, plan.id))
    due = sorted(_due(look, actor, day), key=lambda kept: (URGENCY.index(kept.status), kept.last, kept.customer_id))
    planned = [plan.customer_id for plan in plans if plan.customer_id and plan.state == "planned"]
    wanted = list(dict.fromkeys([*planned, *(kept.customer_id for kept in due)]))
    customers = _customers(look, wanted)
    route = _route(start, {id: customers[id].places for id in wanted if id in customers})
    return WorkDay(
        date=day, plans=plans, due=[_due_visit(kept, customers.get(kept.customer_id)) for kept in due],
        route=[
            RouteStop(
                customer_id=leg.id, arrives_min=round(leg.arrives_min, 1), distance_m=round(leg.distance_m),
                is_late=leg.is_late,
            )
            for leg in route.legs
        ],
        route_m=round(route.distance_m),
    )  # fmt: skip


def _team(look: SqlSnapshot, actor: Actor, day: str, org_id: str) -> TeamDay:
    is_boss = Role.SUPERVISOR.value in actor.roles
    if org_id != actor.org_id and not (is_boss and org_id in orgs_below(look.connection, actor.org_id)):
        raise NotFound
    busy = sorted(_busy_hours(look, org_id, day), key=lambda one: (one.starts_at, one.id))
    items = [
        TeamHours(
            id=one.id, people=sorted(one.people), starts_at=_written(one.starts_at), ends_at=_written(one.ends_at),
            clashes=_clashes(one, busy),
        )
        for one in busy
    ]  # fmt: skip
    return TeamDay(date=day, org_id=org_id, items=items)


def _plans(look: SqlSnapshot, actor: Actor, day: str, busy: Sequence[Hours]) -> Iterator[PlannedHours]:
    for id, body in _bodies(look, staff_bucket(actor.staff_no), "plan"):
        plan = _plan(body)
        people = plan.people | ({plan.author} if plan.author else set())
        hours = _hours(id, people, plan.starts_at, plan.ends_at)
        if _is_of(day, hours):
            yield PlannedHours(
                id=id, title=plan.title, sort=plan.sort, state=plan.state, starts_at=plan.starts_at,
                ends_at=plan.ends_at, people=sorted(people), customer_id=plan.customer_id,
                clashes=_clashes(hours, busy) if plan.state == "planned" else [],
            )  # fmt: skip


def _busy_hours(look: SqlSnapshot, org_id: str, day: str) -> Iterator[Hours]:
    for id, body in _bodies(look, team_bucket(org_id), "busy"):
        busy = _busy(body)
        hours = _hours(id, busy.staff, busy.starts_at, busy.ends_at)
        if _is_of(day, hours):
            yield hours


def _bodies(look: SqlSnapshot, bucket: str, kind: str) -> Iterator[tuple[str, bytes]]:
    """Yield the live records of a kind in a bucket, read page by page."""
    after = 0
    while rows := look.rows(bucket, after, ROWS_AT_ONCE):
        yield from ((row.id, row.body) for row in rows if row.kind == kind and row.x is None)
        after = rows[-1].seq


def _hours(id: str, people: Iterable[str], starts_at: str, ends_at: str) -> Hours:
    first, last = read_moment(starts_at), read_moment(ends_at)
    assert first is not None, starts_at
    assert last is not None, ends_at
    return Hours(id=id, people=frozenset(people), starts_at=first, ends_at=last)


def _is_of(day: str, hours: Hours) -> bool:
    first, last = (one.astimezone(BANK_TIME).date().isoformat() for one in (hours.starts_at, hours.ends_at))
    return first <= day <= last


def _clashes(one: Hours, busy: Sequence[Hours]) -> list[Clash]:
    return [
        Clash(id=other.id, people=sorted(both), starts_at=_written(other.starts_at), ends_at=_written(other.ends_at))
        for other, both in clashing(one, busy)
    ]


def _written(moment: datetime) -> str:
    return moment.astimezone(BANK_TIME).isoformat(timespec="milliseconds")


def _due(look: SqlSnapshot, actor: Actor, day: str) -> list[Kept]:
    """Return the duties that are the caller's on the day, as their tablet has them, and that still want visits.

    A duty that was handed over is whose the customer is now, whoever owes most of it.
    """
    held = select(duty_ownership.c.customer_id).where(duty_ownership.c.portfolio_id.in_(_portfolios(actor)))
    filters = [
        obligation.c.month >= day[:7], obligation.c.customer_id.in_(held), obligation.c.first <= day,
        obligation.c.last >= day, obligation.c.status.in_(URGENCY),
    ]  # fmt: skip
    found = list_obligations(look.connection, filters, None, DUE_MAX)
    owners = ((kept, owner_on(kept, date.fromisoformat(day))) for kept in found)
    return [kept for kept, owner in owners if owner is not None and owner.staff_no == actor.staff_no]


def _portfolios(actor: Actor) -> list[str]:
    prefix = portfolio_bucket("")
    return sorted(bucket.removeprefix(prefix) for bucket in actor.buckets if bucket.startswith(prefix))


def _due_visit(kept: Kept, customer: Customer | None) -> DueVisit:
    return DueVisit(
        customer_id=kept.customer_id, customer_name=_name(customer), code=kept.code, period=kept.period,
        due_by=date.isoformat(kept.last), required=kept.required, counted=kept.counted, pending=kept.pending,
        status=kept.status, has_place=bool(customer and customer.places),
    )  # fmt: skip


def _name(customer: Customer | None) -> str:
    return mask_name(customer.name, is_company=customer.type == "company") if customer else ""


def _customers(look: SqlSnapshot, ids: Sequence[str]) -> dict[str, Customer]:
    found = look.records([Key("customer", id) for id in ids])
    return {key.id: _customer(stored.body) for key, stored in found.items() if stored.standing == "live"}


def _route(start: Start | None, wanted: Mapping[str, Sequence[Place]]) -> Route:
    if start is None:
        return Route(legs=[], distance_m=0, late=0)
    return suggest_way((start.lat, start.lon), wanted, at_min=start.at_min, stops_max=start.stops)
