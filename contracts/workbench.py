"""A working day online: plans with their clashes, the visits that are due, an order to make them in (003-06)."""

from contracts.base import BusinessDate, Count, Message, Moment, RecordId, StaffNo


class Clash(Message, frozen=True, kw_only=True):
    """Other hours that some of the same people are busy in."""

    id: RecordId
    people: list[StaffNo]
    starts_at: Moment
    ends_at: Moment


class PlannedHours(Message, frozen=True, kw_only=True):
    """A plan of the day; a clash names whom it concerns and when, never what for."""

    id: RecordId
    title: str
    sort: str
    state: str
    starts_at: Moment
    ends_at: Moment
    people: list[StaffNo]
    customer_id: RecordId | None
    clashes: list[Clash]


class DueVisit(Message, frozen=True, kw_only=True):
    """A duty of the month that still wants visits; the riskiest first."""

    customer_id: RecordId
    customer_name: str  # masked
    code: str
    period: str
    due_by: BusinessDate
    required: Count
    counted: Count
    pending: Count
    status: str
    has_place: bool


class RouteStop(Message, frozen=True, kw_only=True):
    """One stop of the suggested order: minutes of the day, and the way there."""

    customer_id: RecordId
    arrives_min: float
    distance_m: float
    is_late: bool = False  # nobody is there any more


class WorkDay(Message, frozen=True, kw_only=True):
    """The caller's day; `route` only if a start was given: planned customers and the most urgent due ones."""

    date: BusinessDate
    plans: list[PlannedHours]
    due: list[DueVisit]
    route: list[RouteStop]
    route_m: float


class TeamHours(Message, frozen=True, kw_only=True):
    """Hours in which colleagues are busy, and which others they clash with."""

    id: RecordId
    people: list[StaffNo]
    starts_at: Moment
    ends_at: Moment
    clashes: list[Clash]


class TeamDay(Message, frozen=True, kw_only=True):
    """The day of an institution's people, by beginning."""

    date: BusinessDate
    org_id: str
    items: list[TeamHours]
