"""The routes of those who assign leads."""

from typing import Annotated, Any, Literal

from litestar import Controller, Request, get, post
from litestar.di import NamedDependency
from litestar.params import PathParameter, QueryParameter
from litestar.response.base import ASGIResponse

from backend.sync_api.desk import PAGE_MAX
from backend.sync_api.door import SyncDoor
from backend.sync_api.lead_desk import LeadDesk
from backend.web.bodies import answer_with, read_body, speaks
from contracts.auth import PRINTABLE
from contracts.base import UUID_PATTERN
from contracts.leads import AssignLeadRequest, LeadItem, LeadPage
from sync.kind import Actor

State = Literal["recorded", "escalated", "assigned", "following", "won", "lost"]


class LeadController(Controller):
    """Leads of an area, and who follows them."""

    path = "/leads"
    tags = ("leads",)

    @get("/", opt=speaks(gives=LeadPage))
    async def list_leads(
        self,
        actor: NamedDependency[Actor],
        door: NamedDependency[SyncDoor],
        lead_desk: NamedDependency[LeadDesk],
        standing: Annotated[State, QueryParameter(name="state")] = "escalated",  # Litestar keeps `state` for itself
        after: Annotated[str | None, QueryParameter(max_length=120, pattern=PRINTABLE)] = None,
        limit: Annotated[int, QueryParameter(ge=1, le=PAGE_MAX)] = 50,
    ) -> ASGIResponse:
        """The leads of the caller's area in one state, the longest waiting first."""
        return answer_with(await door.run(lead_desk.leads, actor, state=standing, after=after, limit=limit))

    @post("/{lead_id:str}/assign", status_code=200, opt=speaks(takes=AssignLeadRequest, gives=LeadItem))
    async def assign_lead(
        self,
        lead_id: Annotated[str, PathParameter(pattern=UUID_PATTERN)],
        request: Request[Any, Any, Any],
        actor: NamedDependency[Actor],
        door: NamedDependency[SyncDoor],
        lead_desk: NamedDependency[LeadDesk],
    ) -> ASGIResponse:
        """Give a lead to a field manager of the area; whoever followed it before loses it."""
        said = await read_body(request, AssignLeadRequest)
        return answer_with(await door.run(lead_desk.assign, actor, lead_id, said))
