"""The routes of compliance: the month report and all that its numbers open to."""

from typing import Annotated, Literal

from litestar import Controller, get, post
from litestar.di import NamedDependency
from litestar.params import FromQuery, JSONBody, PathParameter, QueryParameter
from litestar.response.base import ASGIResponse

from backend.sync_api.duty.deeds import DutyDeeds
from backend.sync_api.duty.desk import Chosen, DutyDesk
from backend.web.sheets import export
from contracts.auth import PRINTABLE
from contracts.base import MONTH_PATTERN, UUID_PATTERN
from contracts.compliance import (
    PAGE_MAX,
    CalendarYear,
    CallBackSample,
    ChangePage,
    ExemptionDecision,
    ExemptionItem,
    ExemptionPage,
    ExemptionRequest,
    Level,
    MonthPage,
    MonthReport,
    ObligationPage,
    ObligationRecord,
    RecalculationRequest,
    RevisionItem,
    RevisionPage,
    RuleItem,
    RulePage,
    RuleRequest,
)
from sync.kind import Actor

WORD = r"^[A-Za-z0-9_.:~ -]{0,200}(?!\n)$"
STATES = Literal["done", "on_track", "at_risk", "short", "pending_review", "exempt"]

MonthPath = Annotated[str, PathParameter(pattern=MONTH_PATTERN)]
Word = Annotated[str | None, QueryParameter(max_length=40, pattern=PRINTABLE)]
After = Annotated[str | None, QueryParameter(max_length=200, pattern=PRINTABLE)]
Limit = Annotated[int, QueryParameter(ge=1, le=PAGE_MAX)]
Revision = Annotated[int, QueryParameter(ge=0, le=1_000_000_000)]


class DutyReportController(Controller):
    """Months, their reports, and what these open to."""

    path = "/compliance/months"
    tags = ("compliance",)

    @get("/", sync_to_thread=True)
    def list_months(self, actor: NamedDependency[Actor], duty_desk: NamedDependency[DutyDesk]) -> MonthPage:
        """The months that are known: open, closed provisionally, or final."""
        return duty_desk.months(actor)

    @get("/{month:str}/report", sync_to_thread=True)
    def show_report(
        self,
        month: MonthPath,
        actor: NamedDependency[Actor],
        duty_desk: NamedDependency[DutyDesk],
        level: FromQuery[Level] = "manager",
        org: Word = None,
        owner: Word = None,
        code: Word = None,
        revision: Revision = 0,
        after: After = None,
        limit: Limit = 100,
    ) -> MonthReport:
        """A month's figures by manager, branch or bank; `revision` shows them as one left them."""
        chosen = Chosen(org_id=org, owner=owner, code=code)
        return duty_desk.report(actor, month, level, chosen, revision=revision, after=after, limit=limit)

    @get("/{month:str}/report.csv", sync_to_thread=True)
    def download_csv(
        self,
        month: MonthPath,
        actor: NamedDependency[Actor],
        duty_desk: NamedDependency[DutyDesk],
        level: FromQuery[Level] = "manager",
        org: Word = None,
        owner: Word = None,
        code: Word = None,
        revision: Revision = 0,
    ) -> ASGIResponse:
        """The same as CSV, definitions at its end."""
        chosen = Chosen(org_id=org, owner=owner, code=code)
        return export(f"duty-{month}-{level}", "csv", duty_desk.csv(actor, month, level, chosen, revision))

    @get("/{month:str}/report.xlsx", sync_to_thread=True)
    def download_xlsx(
        self,
        month: MonthPath,
        actor: NamedDependency[Actor],
        duty_desk: NamedDependency[DutyDesk],
        org: Word = None,
        owner: Word = None,
        code: Word = None,
        revision: Revision = 0,
    ) -> ASGIResponse:
        """All levels, the duties behind them and the definitions as one workbook."""
        chosen = Chosen(org_id=org, owner=owner, code=code)
        return export(f"duty-{month}", "xlsx", duty_desk.xlsx(actor, month, chosen, revision))

    @get("/{month:str}/obligations", sync_to_thread=True)
    def list_obligations(
        self,
        month: MonthPath,
        actor: NamedDependency[Actor],
        duty_desk: NamedDependency[DutyDesk],
        org: Word = None,
        owner: Word = None,
        code: Word = None,
        status: FromQuery[STATES | None] = None,
        customer: Annotated[str | None, QueryParameter(pattern=UUID_PATTERN)] = None,
        visitor: Word = None,
        after: After = None,
        limit: Limit = 100,
    ) -> ObligationPage:
        """The duties behind a month's figures, each with its owners, shares, and every visit with its verdict."""
        chosen = Chosen(org_id=org, owner=owner, code=code, status=status, customer_id=customer, visitor=visitor)
        return duty_desk.obligations(actor, month, chosen, after, limit)

    @get("/{month:str}/revisions", sync_to_thread=True)
    def list_revisions(
        self,
        month: MonthPath,
        actor: NamedDependency[Actor],
        duty_desk: NamedDependency[DutyDesk],
        after: Revision = 0,
        limit: Limit = 100,
    ) -> RevisionPage:
        """Both closes of a month, and every change after them with its reason."""
        return duty_desk.revisions(actor, month, after, limit)

    @get("/{month:str}/revisions/{revision:int}/changes", sync_to_thread=True)
    def list_changes(
        self,
        month: MonthPath,
        revision: Annotated[int, PathParameter(ge=1, le=1_000_000_000)],
        actor: NamedDependency[Actor],
        duty_desk: NamedDependency[DutyDesk],
        after: After = None,
        limit: Limit = 100,
    ) -> ChangePage:
        """The duties that a revision changed, before and after."""
        return duty_desk.changes(actor, month, revision, after, limit)

    @post("/{month:str}/recalculation", status_code=200, sync_to_thread=True)
    def recalculate(
        self,
        month: MonthPath,
        data: JSONBody[RecalculationRequest],
        actor: NamedDependency[Actor],
        duty_deeds: NamedDependency[DutyDeeds],
    ) -> RevisionItem:
        """Judge a final month again by today's rules, facts and calendar; the numbers of before stay."""
        return duty_deeds.recalculate(actor, month, data)

    @get("/{month:str}/sample", sync_to_thread=True)
    def draw_sample(
        self,
        month: MonthPath,
        actor: NamedDependency[Actor],
        duty_desk: NamedDependency[DutyDesk],
        seed: Annotated[str, QueryParameter(min_length=1, max_length=80, pattern=PRINTABLE)],
        org: Word = None,
        visitor: Word = None,
        false_rate: Annotated[float, QueryParameter(ge=0.001, le=0.5)] = 0.05,
        confidence: Annotated[float, QueryParameter(ge=0.5, le=0.999)] = 0.95,
    ) -> CallBackSample:
        """Visits to check by telephone, the same for everybody who names this seed."""
        chosen = Chosen(org_id=org, owner=visitor)
        return duty_desk.sample(actor, month, seed, chosen, false_rate=false_rate, confidence=confidence)


class DutyController(Controller):
    """Single duties, rules, exemptions, the calendar."""

    path = "/compliance"
    tags = ("compliance",)

    @get("/obligations/{customer:str}/{period:str}/{code:str}", sync_to_thread=True)
    def show_obligation(
        self,
        customer: Annotated[str, PathParameter(pattern=UUID_PATTERN)],
        period: Annotated[str, PathParameter(max_length=60, pattern=PRINTABLE)],
        code: Annotated[str, PathParameter(max_length=40, pattern=PRINTABLE)],
        actor: NamedDependency[Actor],
        duty_desk: NamedDependency[DutyDesk],
    ) -> ObligationRecord:
        """One duty with the rule version and the calendar that judge it."""
        return duty_desk.obligation(actor, customer, period, code)

    @get("/rules", sync_to_thread=True)
    def list_rules(
        self,
        actor: NamedDependency[Actor],
        duty_desk: NamedDependency[DutyDesk],
        after: Annotated[str, QueryParameter(max_length=40, pattern=PRINTABLE)] = "",
        limit: Limit = 100,
    ) -> RulePage:
        """The rule versions that hold in the caller's area or above it."""
        return duty_desk.rules(actor, after, limit)

    @post("/rules", status_code=201, sync_to_thread=True)
    def add_rule(
        self, data: JSONBody[RuleRequest], actor: NamedDependency[Actor], duty_deeds: NamedDependency[DutyDeeds]
    ) -> RuleItem:
        """Add a rule version; it judges no closed month."""
        return duty_deeds.add_rule(actor, data)

    @get("/exemptions", sync_to_thread=True)
    def list_exemptions(
        self,
        actor: NamedDependency[Actor],
        duty_desk: NamedDependency[DutyDesk],
        in_state: Annotated[Literal["open", "approved", "rejected"] | None, QueryParameter(name="state")] = None,
        after: After = None,
        limit: Limit = 100,
    ) -> ExemptionPage:
        """The exemptions of the caller's area."""
        return duty_desk.exemptions(actor, in_state, after, limit)

    @post("/exemptions", status_code=201, sync_to_thread=True)
    def apply_for_exemption(
        self, data: JSONBody[ExemptionRequest], actor: NamedDependency[Actor], duty_deeds: NamedDependency[DutyDeeds]
    ) -> ExemptionItem:
        """Ask that a customer need not be visited for some months."""
        return duty_deeds.apply_for_exemption(actor, data)

    @post("/exemptions/{exemption_id:str}/decision", status_code=200, sync_to_thread=True)
    def decide_exemption(
        self,
        exemption_id: Annotated[str, PathParameter(max_length=40, pattern=PRINTABLE)],
        data: JSONBody[ExemptionDecision],
        actor: NamedDependency[Actor],
        duty_deeds: NamedDependency[DutyDeeds],
    ) -> ExemptionItem:
        """Approve or reject; whoever applied cannot."""
        return duty_deeds.decide_exemption(actor, exemption_id, data)

    @get("/calendar/{year:int}", sync_to_thread=True)
    def show_calendar(
        self,
        year: Annotated[int, PathParameter(ge=2000, le=2100)],
        actor: NamedDependency[Actor],
        duty_desk: NamedDependency[DutyDesk],
    ) -> CalendarYear:
        """A year's days, who told of them, and a warning where nobody did."""
        return duty_desk.calendar(actor, year)


DUTY_ROUTES = [DutyReportController, DutyController]
