"""The routes of teller systems."""

from litestar import Controller, post
from litestar.di import NamedDependency
from litestar.response.base import ASGIResponse

from backend.auth.partners import Partner, PartnerSort, require_sort
from backend.errors import AnyRequest
from backend.teller.door import TellerDoor
from backend.web.bodies import answer_with, read_body, speaks
from contracts.teller import LoadRequest, LoadResponse, ResultRequest, ResultResponse


class TellerController(Controller):
    """What teller systems call (docs/teller-systems.md)."""

    path = "/teller"
    tags = ("teller systems",)

    @post("/load", status_code=200, opt=speaks(takes=LoadRequest, gives=LoadResponse))
    async def load(
        self, request: AnyRequest, partner: NamedDependency[Partner], teller: NamedDependency[TellerDoor]
    ) -> ASGIResponse:
        """A customer's form for the counter, by pick-up code or queue number; a retry gets it again."""
        require_sort(partner, PartnerSort.TELLER)
        said = await read_body(request, LoadRequest)
        return answer_with(await teller.run(teller.load, partner, said))

    @post("/results", status_code=200, opt=speaks(takes=ResultRequest, gives=ResultResponse))
    async def take_result(
        self, request: AnyRequest, partner: NamedDependency[Partner], teller: NamedDependency[TellerDoor]
    ) -> ASGIResponse:
        """What became of a loaded form: accepted, changed and signed again, or rejected; a retry is answered alike."""
        require_sort(partner, PartnerSort.TELLER)
        said = await read_body(request, ResultRequest)
        return answer_with(await teller.run(teller.take, partner, said))
