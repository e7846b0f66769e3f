"""The routes of a working day."""

from typing import Annotated

from litestar import Controller, get
from litestar.di import NamedDependency
from litestar.params import PathParameter, QueryParameter

from backend.domain.tasks.rules import STOPS_MAX
from backend.sync_api.workbench_desk import Start, WorkbenchDesk
from contracts.auth import PRINTABLE
from contracts.workbench import TeamDay, WorkDay
from sync.errors import Malformed
from sync.kind import Actor

DAY = r"^20[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])(?!\n)$"
DayPath = Annotated[str, PathParameter(pattern=DAY)]


class WorkbenchController(Controller):
    """What a day holds, for one person and for a team (003-06)."""

    path = "/workbench/{day:str}"
    tags = ("workbench",)

    @get("/", sync_to_thread=True)
    def show_day(
        self,
        day: DayPath,
        actor: NamedDependency[Actor],
        workbench_desk: NamedDependency[WorkbenchDesk],
        lat: Annotated[float | None, QueryParameter(ge=-90, le=90)] = None,
        lon: Annotated[float | None, QueryParameter(ge=-180, le=180)] = None,
        at_min: Annotated[float, QueryParameter(ge=0, le=1440)] = 540,
        stops: Annotated[int, QueryParameter(ge=1, le=STOPS_MAX)] = 10,
    ) -> WorkDay:
        """One's plans with clashes, the visits that are due, the riskiest first, and from `lat`, `lon` a short way."""
        return workbench_desk.day(actor, day, _start(lat, lon, at_min, stops))

    @get("/team", sync_to_thread=True)
    def show_team(
        self,
        day: DayPath,
        actor: NamedDependency[Actor],
        workbench_desk: NamedDependency[WorkbenchDesk],
        org: Annotated[str | None, QueryParameter(max_length=20, pattern=PRINTABLE)] = None,
    ) -> TeamDay:
        """When colleagues are busy, and who is at two places at once."""
        return workbench_desk.team(actor, day, org)


def _start(lat: float | None, lon: float | None, at_min: float, stops: int) -> Start | None:
    if (lat is None) != (lon is None):
        raise Malformed("`lat` and `lon` go together: where the way begins")
    return None if lat is None or lon is None else Start(lat=lat, lon=lon, at_min=at_min, stops=stops)
