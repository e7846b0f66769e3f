"""The routes of the lobby online."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Annotated, Literal

from litestar import Controller, get
from litestar.di import NamedDependency
from litestar.params import FromQuery, PathParameter
from litestar.response.base import ASGIResponse

from backend.domain.tickets.rules.meaning import ALL, MEANINGS, OTHERS, PARTS
from backend.sync_api.door import SyncDoor
from backend.sync_api.lobby_desk import LobbyDesk
from backend.web.bodies import answer_with, speaks
from backend.web.sheets import Cell, Sheet, export
from contracts.auth import PRINTABLE
from contracts.lobby import DayAnswer, DayFigures, LineAnswer
from sync.kind import Actor

OrgPath = Annotated[str, PathParameter(max_length=20, pattern=PRINTABLE)]
DayPath = Annotated[str, PathParameter(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}(?!\n)$")]
By = Literal["hour", "series", "counter", "person", "branch"]
Format = Literal["json", "csv", "xlsx"]


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
        """The figures of an institution's day, by hour, series, counter, person or branch; also as CSV or XLSX."""
        day = await door.run(lobby.day, actor, org, date, by)
        return await door.run(FORMATS[format], day)


def sheets_of(day: DayAnswer) -> list[Sheet]:
    """Return a day as tables: the figures, the sum last, and what they mean."""
    headings = [PARTS[day.by], *(title for _, title, _ in MEANINGS)]
    rows = [_row(row.key or OTHERS, row) for row in day.rows]
    meanings = [(one.title, one.meaning) for one in day.definitions]
    facts: list[tuple[str, Cell]] = [
        ("机构", day.org_id),
        ("营业日", day.business_date),
        ("统计时刻", day.as_of),
        ("网点数", day.branches),
    ]
    return [
        Sheet(name="日报", headings=headings, rows=[*rows, _row(ALL, day.total)]),
        Sheet(name="指标说明", headings=["指标", "说明"], rows=[*facts, *meanings]),
    ]


def _row(name: str, figures: DayFigures) -> list[Cell]:
    return [name, *(getattr(figures, key) for key, _, _ in MEANINGS)]


def _file(format: str, day: DayAnswer) -> ASGIResponse:
    return export(f"lobby-{day.org_id}-{day.business_date}-{day.by}", format, sheets_of(day))


FORMATS: Mapping[str, Callable[[DayAnswer], ASGIResponse]] = {
    "json": answer_with,
    "csv": partial(_file, "csv"),
    "xlsx": partial(_file, "xlsx"),
}
