"""The routes of those who decide, and the stream of pokes."""

from functools import partial
from typing import Annotated

from litestar import Controller, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, PathParameter, QueryParameter
from litestar.response import Stream
from litestar.response.base import ASGIResponse

from backend.domain.reviews.queries import Wanted
from backend.errors import AnyRequest
from backend.live.events import poke_stream
from backend.sync_api.caller import read_caller
from backend.sync_api.desk import PAGE_MAX, Desk
from backend.sync_api.door import SyncDoor, door_of
from backend.web.bodies import answer_with, read_body, speaks
from contracts.auth import PRINTABLE
from contracts.review import DecisionRequest, ReviewItem, ReviewPage
from sync.kind import Actor

EVENT_STREAM = "text/event-stream"
Word = Annotated[str | None, QueryParameter(max_length=20, pattern=PRINTABLE)]
UNBUFFERED = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}


class ReviewController(Controller):
    """Conflicts and parked mutations, and the decisions about them."""

    path = "/reviews"
    tags = ("reviews",)

    @get("/", opt=speaks(gives=ReviewPage))
    async def list_reviews(
        self,
        actor: NamedDependency[Actor],
        door: NamedDependency[SyncDoor],
        desk: NamedDependency[Desk],
        is_open: FromQuery[bool] = True,
        org: Word = None,
        person: Word = None,
        must_act: Word = None,
        after: Annotated[str | None, QueryParameter(max_length=120, pattern=PRINTABLE)] = None,
        limit: Annotated[int, QueryParameter(ge=1, le=PAGE_MAX)] = 50,
    ) -> ASGIResponse:
        """The reviews of the caller's area, oldest first, with both values of every disputed field."""
        wanted = Wanted(is_open=is_open, author=person, must_act=must_act)
        return answer_with(await door.run(desk.reviews, actor, wanted, org_id=org, after=after, limit=limit))

    @post("/{review_id:str}/decision", status_code=200, opt=speaks(takes=DecisionRequest, gives=ReviewItem))
    async def decide(
        self,
        review_id: Annotated[str, PathParameter(max_length=40, pattern=PRINTABLE)],
        request: AnyRequest,
        actor: NamedDependency[Actor],
        door: NamedDependency[SyncDoor],
        desk: NamedDependency[Desk],
    ) -> ASGIResponse:
        """Keep, override, retry, edit or discard; nobody decides about their own work, unless the author is asked."""
        said = await read_body(request, DecisionRequest)
        return answer_with(await door.run(desk.decide, actor, review_id, said))


@get("/numbers/{branch:str}/{date:str}", tags=["numbers"])
async def show_numbers(
    branch: FromPath[str],
    date: Annotated[str, PathParameter(pattern=r"^\d{4}-\d{2}-\d{2}$")],
    actor: NamedDependency[Actor],
    door: NamedDependency[SyncDoor],
    desk: NamedDependency[Desk],
) -> ASGIResponse:
    """Where every queue number of a branch's day went."""
    return answer_with(await door.run(desk.numbers, actor, branch, date))


@get("/sync/events", tags=["sync"], media_type=EVENT_STREAM)
async def listen(request: AnyRequest) -> Stream:
    """Server-sent events: pokes with the heads of the caller's buckets, and no data."""
    caller, door = read_caller(request.scope), door_of(request)
    buckets = await door.buckets_of(caller)
    stream = poke_stream(door.hub, partial(door.buckets_of, caller), door.read_heads, buckets)
    return Stream(stream, media_type=EVENT_STREAM, headers=UNBUFFERED)


DESK_ROUTES = [ReviewController, show_numbers, listen]
