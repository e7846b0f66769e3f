"""The routes of visits: what waits for a supervisor, one visit with its evidence, decisions, maps."""

from typing import Annotated

from litestar import Controller, get, post
from litestar.di import NamedDependency
from litestar.params import FromQuery, JSONBody, PathParameter, QueryParameter

from backend.domain.visits.queries import Picked
from backend.sync_api.visits.deeds import VisitDeeds
from backend.sync_api.visits.desk import VisitDesk
from backend.sync_api.visits.map import VisitMap
from contracts.auth import PRINTABLE
from contracts.base import MONTH_PATTERN, UUID_PATTERN
from contracts.kinds.visit_grade import Grade
from contracts.visits import (
    FEATURES_MAX,
    PAGE_MAX,
    AlertFilter,
    FeatureCollection,
    ListState,
    QueueItem,
    QueuePage,
    VisitDecision,
    VisitRecord,
)
from sync.kind import Actor

CODE = r"^[a-z][a-z_]{0,39}(?!\n)$"
GEO_JSON = "application/geo+json"

Month = Annotated[str, QueryParameter(pattern=MONTH_PATTERN)]
MonthOrAny = Annotated[str | None, QueryParameter(pattern=MONTH_PATTERN)]
Word = Annotated[str | None, QueryParameter(max_length=20, pattern=PRINTABLE)]
Flag = Annotated[str | None, QueryParameter(pattern=CODE)]
After = Annotated[str | None, QueryParameter(max_length=120, pattern=PRINTABLE)]
VisitPath = Annotated[str, PathParameter(pattern=UUID_PATTERN)]


class VisitReviewController(Controller):
    """Visits that a person must look at, and what that person decides."""

    path = "/visits/reviews"
    tags = ("visits",)

    @get("/", sync_to_thread=True)
    def list_reviews(
        self,
        actor: NamedDependency[Actor],
        visit_desk: NamedDependency[VisitDesk],
        in_state: Annotated[ListState, QueryParameter(name="state")] = "open",
        org: Word = None,
        person: Word = None,
        grade: FromQuery[Grade | None] = None,
        flag: Flag = None,
        alert: FromQuery[AlertFilter | None] = None,
        month: MonthOrAny = None,
        after: After = None,
        limit: Annotated[int, QueryParameter(ge=1, le=PAGE_MAX)] = 50,
    ) -> QueuePage:
        """What waits: the least probable first, then the most points, the oldest. Other states by month and day."""
        picked = Picked(author=person, grade=grade, flag=flag, month=month, alert=alert)
        return visit_desk.reviews(actor, in_state, picked, org_id=org, after=after, limit=limit)

    @get("/{visit_id:str}", sync_to_thread=True)
    def show_review(
        self, visit_id: VisitPath, actor: NamedDependency[Actor], visit_desk: NamedDependency[VisitDesk]
    ) -> VisitRecord:
        """One visit: its fixes with verdict and distance, its flags, its duties, and the history of its review."""
        return visit_desk.review(actor, visit_id)

    @post("/{visit_id:str}/decisions", status_code=200, sync_to_thread=True)
    def decide(
        self,
        visit_id: VisitPath,
        data: JSONBody[VisitDecision],
        actor: NamedDependency[Actor],
        visit_deeds: NamedDependency[VisitDeeds],
    ) -> QueueItem:
        """Accept, reject with a reason, or ask the visitor; nobody decides about the own visit, or twice about one."""
        return visit_deeds.decide(actor, visit_id, data)


class VisitMapController(Controller):
    """GeoJSON in WGS-84 for any map."""

    path = "/visits/map"
    tags = ("visits",)

    @get("/", sync_to_thread=True, media_type=GEO_JSON)
    def map_visits(
        self,
        actor: NamedDependency[Actor],
        visit_map: NamedDependency[VisitMap],
        month: Month,
        org: Word = None,
        person: Word = None,
        grade: FromQuery[Grade | None] = None,
        flag: Flag = None,
        alert: FromQuery[AlertFilter | None] = None,
        after: After = None,
        limit: Annotated[int, QueryParameter(ge=1, le=FEATURES_MAX)] = 500,
    ) -> FeatureCollection:
        """A month's visits where they began, and the places of the customers that they were made to."""
        picked = Picked(author=person, grade=grade, flag=flag, month=month, alert=alert)
        return visit_map.visits(actor, picked, org_id=org, after=after, limit=limit)

    @get("/places", sync_to_thread=True, media_type=GEO_JSON)
    def map_places(
        self,
        actor: NamedDependency[Actor],
        visit_map: NamedDependency[VisitMap],
        org: Word = None,
        after: After = None,
        limit: Annotated[int, QueryParameter(ge=1, le=FEATURES_MAX)] = 500,
    ) -> FeatureCollection:
        """The places of all customers whom the area's institutions host, visited or not."""
        return visit_map.places(actor, org_id=org, after=after, limit=limit)


VISIT_ROUTES = [VisitReviewController, VisitMapController]
