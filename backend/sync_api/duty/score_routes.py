"""The routes of scores: what an assessment of field managers can be based on."""

from typing import Annotated

from litestar import Controller, get
from litestar.di import NamedDependency
from litestar.params import FromQuery, QueryParameter
from litestar.response.base import ASGIResponse

from backend.sync_api.duty.routes import After, Limit, MonthPath, Word
from backend.sync_api.duty.scores import Asked, ScoreDesk
from backend.web.sheets import export
from contracts.auth import PRINTABLE
from contracts.compliance import Level
from contracts.score import ScoreReport
from sync.kind import Actor

Person = Annotated[str | None, QueryParameter(max_length=20, pattern=PRINTABLE)]


class ScoreController(Controller):
    """Scores of managers, teams and banks, every one with what made it."""

    path = "/compliance/months/{month:str}"
    tags = ("compliance",)

    @get("/scores", sync_to_thread=True)
    def show_scores(
        self,
        month: MonthPath,
        actor: NamedDependency[Actor],
        score_desk: NamedDependency[ScoreDesk],
        level: FromQuery[Level] = "manager",
        org: Word = None,
        person: Person = None,
        after: After = None,
        limit: Limit = 100,
    ) -> ScoreReport:
        """A month's scores by manager, by branch (its team) or by bank, with weights and definitions."""
        asked = Asked(month=month, level=level, org_id=org, person=person)
        return score_desk.scores(actor, asked, after=after, limit=limit)

    @get("/scores.csv", sync_to_thread=True)
    def download_csv(
        self,
        month: MonthPath,
        actor: NamedDependency[Actor],
        score_desk: NamedDependency[ScoreDesk],
        level: FromQuery[Level] = "manager",
        org: Word = None,
        person: Person = None,
    ) -> ASGIResponse:
        """The same as CSV, definitions at its end."""
        asked = Asked(month=month, level=level, org_id=org, person=person)
        return export(f"scores-{month}-{level}", "csv", score_desk.csv(actor, asked))

    @get("/scores.xlsx", sync_to_thread=True)
    def download_xlsx(
        self,
        month: MonthPath,
        actor: NamedDependency[Actor],
        score_desk: NamedDependency[ScoreDesk],
        org: Word = None,
        person: Person = None,
    ) -> ASGIResponse:
        """All levels and the definitions as one workbook."""
        asked = Asked(month=month, org_id=org, person=person)
        return export(f"scores-{month}", "xlsx", score_desk.xlsx(actor, asked))
