"""The routes of marketing: whom who spoke to, and what came of it."""

from typing import Annotated

from litestar import Controller, get
from litestar.di import NamedDependency
from litestar.params import FromQuery, QueryParameter
from litestar.response.base import ASGIResponse

from backend.sync_api.desk import PAGE_MAX
from backend.sync_api.door import SyncDoor
from backend.sync_api.offer_desk import OfferDesk
from backend.sync_api.offer_sheets import FORMATS
from backend.web.bodies import answer_with, speaks
from backend.web.sheets import Format
from contracts.auth import PRINTABLE
from contracts.base import UUID_PATTERN
from contracts.marketing import ContactPage, EffectPage
from sync.kind import Actor

DAY = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}(?!\n)$"


class MarketingController(Controller):
    """One ledger of contacts for lobby and field."""

    path = "/marketing"
    tags = ("marketing",)

    @get("/contacts", opt=speaks(gives=ContactPage))
    async def list_contacts(
        self,
        actor: NamedDependency[Actor],
        door: NamedDependency[SyncDoor],
        offer_desk: NamedDependency[OfferDesk],
        customer: Annotated[str, QueryParameter(pattern=UUID_PATTERN)],
        after: Annotated[str | None, QueryParameter(max_length=120, pattern=PRINTABLE)] = None,
        limit: Annotated[int, QueryParameter(ge=1, le=PAGE_MAX)] = 50,
    ) -> ASGIResponse:
        """The contacts with one customer, newest first, for those who may see the customer."""
        return answer_with(await door.run(offer_desk.contacts, actor, customer, after=after, limit=limit))

    @get("/effects", opt=speaks(gives=EffectPage))
    async def show_effects(
        self,
        actor: NamedDependency[Actor],
        door: NamedDependency[SyncDoor],
        offer_desk: NamedDependency[OfferDesk],
        since: Annotated[str, QueryParameter(pattern=DAY)],
        until: Annotated[str, QueryParameter(pattern=DAY)],
        org: Annotated[str | None, QueryParameter(max_length=20, pattern=PRINTABLE)] = None,
        format: FromQuery[Format] = "json",
    ) -> ASGIResponse:
        """What came of each product in the caller's area or a part of it, by business dates; also as a file."""
        page = await door.run(offer_desk.effects, actor, org_id=org, since=since, until=until)
        return await door.run(FORMATS[format], page)
