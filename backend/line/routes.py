"""The routes of queue machines, and of whoever calls the next customer with a line."""

from typing import Annotated

from litestar import Controller, delete, get, post, put
from litestar.di import NamedDependency
from litestar.params import JSONBody, PathParameter
from litestar.response.base import ASGIResponse

from backend.auth.partners import Partner, PartnerSort, require_sort
from backend.errors import AnyRequest
from backend.line.desk import LineDesk
from backend.web.bodies import answer_with, read_body, read_body_if_any, speaks
from contracts.admin import SeriesAnswer, SeriesRequest
from contracts.auth import PRINTABLE
from contracts.leases import Lease, LeaseReturn
from contracts.machine import (
    BlockRequest,
    CallNextRequest,
    CallNextResponse,
    MachineRequest,
    MachineResponse,
)
from sync.kind import Actor

LeasePath = Annotated[str, PathParameter(max_length=40, pattern=PRINTABLE)]
BranchPath = Annotated[str, PathParameter(max_length=40, pattern=PRINTABLE)]


class MachineController(Controller):
    """What queue machines call (docs/queue-machines.md)."""

    path = "/machine"
    tags = ("queue machines",)

    @post("/messages", status_code=200, opt=speaks(takes=MachineRequest, gives=MachineResponse))
    async def take_messages(
        self, request: AnyRequest, partner: NamedDependency[Partner], line: NamedDependency[LineDesk]
    ) -> ASGIResponse:
        """Take a queue machine's numbered messages and answer each; a retry gets its first answer."""
        require_sort(partner, PartnerSort.MACHINE)
        said = await read_body(request, MachineRequest)
        return answer_with(await line.run(line.machines.take, partner, said))

    @post("/blocks", status_code=200, opt=speaks(takes=BlockRequest, gives=Lease))
    async def lease_block(
        self, request: AnyRequest, partner: NamedDependency[Partner], line: NamedDependency[LineDesk]
    ) -> ASGIResponse:
        """A block of queue numbers to print with no line."""
        require_sort(partner, PartnerSort.MACHINE)
        said = await read_body(request, BlockRequest)
        return answer_with(await line.run(line.machines.lease, partner, said))

    @delete("/blocks/{lease_id:str}", status_code=204, opt=speaks(takes=LeaseReturn))
    async def return_block(
        self,
        lease_id: LeasePath,
        request: AnyRequest,
        partner: NamedDependency[Partner],
        line: NamedDependency[LineDesk],
    ) -> None:
        """Give numbers back that were never printed; without a body, all of them."""
        require_sort(partner, PartnerSort.MACHINE)
        said = await read_body_if_any(request, LeaseReturn)
        await line.run(line.machines.give_back, partner, lease_id, said)


@post("/lobby/call-next", status_code=200, tags=["lobby"], opt=speaks(takes=CallNextRequest, gives=CallNextResponse))
async def call_next(
    request: AnyRequest, actor: NamedDependency[Actor], line: NamedDependency[LineDesk]
) -> ASGIResponse:
    """Call whoever is next for a counter; two counters that ask at once get two tickets."""
    said = await read_body(request, CallNextRequest)
    return answer_with(await line.run(line.call_next, actor, said))


class SeriesController(Controller):
    """Which series a branch has."""

    path = "/admin/branches"
    tags = ("administration",)

    @get("/{branch_id:str}/series", sync_to_thread=True)
    def show_series(
        self, branch_id: BranchPath, actor: NamedDependency[Actor], line: NamedDependency[LineDesk]
    ) -> SeriesAnswer:
        """The series of a branch, its own or the whole bank's."""
        return line.series.show(actor, branch_id)

    @put("/{branch_id:str}/series", sync_to_thread=True)
    def set_series(
        self,
        branch_id: BranchPath,
        data: JSONBody[SeriesRequest],
        actor: NamedDependency[Actor],
        line: NamedDependency[LineDesk],
    ) -> SeriesAnswer:
        """Give a branch its series; an empty list gives it the whole bank's again."""
        return line.series.set(actor, branch_id, data)


LINE_ROUTES = [MachineController, SeriesController, call_next]
