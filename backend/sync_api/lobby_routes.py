"""The routes of the lobby online."""

from typing import Annotated, Literal

from litestar import Controller, get
from litestar.di import NamedDependency
from litestar.params import FromQuery, PathParameter
from litestar.response.base import ASGIResponse

from backend.sync_api.door import SyncDoor
from backend.sync_api.lobby_desk import LobbyDesk
from backend.sync_api.lobby_sheets import FORMATS, ways_of
from backend.web.bodies import answer_with, speaks
from backend.web.sheets import Format
from contracts.auth import PRINTABLE
from contracts.lobby import DayAnswer, LineAnswer
from sync.kind import Actor

OrgPath = Annotated[str, PathParameter(max_length=20, pattern=PRINTABLE)]
DayPath = Annotated[str, PathParameter(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}(?!\n)$")]
By = Literal["hour", "series", "counter", "person", "branch"]


class LobbyController(Controller):
    """The line as it is, and the day in figures."""

    path = "/lobby"
    tags = ("lobby",)

    @get("/line/{branch:str}", opt=speaks(gives=LineAnswer))
    async def show_line(
        self,
        branch: OrgPath,
        actor: NamedDependency[Actor],
        door: NamedDependency[SyncDoor],
        lobby: NamedDependency[LobbyDesk],
    ) -> ASGIResponse:
        """Who waits, for how long still, and what the open counters achieve."""
        return answer_with(await door.run(lobby.line, actor, branch))

    @get("/day/{org:str}/{date:str}", opt=speaks(gives=DayAnswer))
    async def show_day(
        self,
        org: OrgPath,
        date: DayPath,
        actor: NamedDependency[Actor],
        door: NamedDependency[SyncDoor],
        lobby: NamedDependency[LobbyDesk],
        by: FromQuery[By] = "hour",
        format: FromQuery[Format] = "json",
    ) -> ASGIResponse:
        """The figures of an institution's day, by hour, series, counter, person or branch; a workbook has them all."""
        ways = ways_of(by) if format == "xlsx" else [by]
        days = await door.run(lobby.cuts, actor, org, date, ways)
        return await door.run(FORMATS[format], days)
