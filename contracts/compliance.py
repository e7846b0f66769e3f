"""Compliance: the month report of visit duty, and all that its numbers open to (001-17)."""

from typing import Annotated, Any, Literal

from msgspec import Meta

from contracts.auth import PRINTABLE
from contracts.base import MONTH_PATTERN, BusinessDate, Count, Message, Moment, OrgId, RecordId, StaffNo

PAGE_MAX = 500
MONTHS_MAX = 24  # of one exemption

Month = Annotated[str, Meta(pattern=MONTH_PATTERN)]
Code = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]{0,39}(?!\n)$")]
Level = Literal["manager", "branch", "bank"]
CodeOrAll = Annotated[str, Meta(pattern=r"^([a-z][a-z0-9_]{0,39})?(?!\n)$")]
VisitType = Literal["on_site", "phone", "video"]
Grade = Literal["A", "B", "C", "D"]
Reason = Annotated[str, Meta(min_length=1, max_length=500, pattern=PRINTABLE)]


class FigureItem(Message, frozen=True, kw_only=True):
    """Sums over the duties of a manager, a branch or a bank, and the rates made of them; `definitions` explain."""

    org_id: str
    org_name: str = ""
    owner: str | None = None  # of a manager's row; empty: customers who had no manager
    code: str
    duties: int
    done: int
    pending_review: int
    at_risk: int
    short: int
    exempt: int
    required: int
    fulfilled: int
    owed: int
    paid: int
    credited: int
    unconfirmed: int
    rate: float | None
    rate_owed: float | None
    share_done: float | None


class CalendarNote(Message, frozen=True, kw_only=True):
    """The calendar under a month's figures; `warning` is there where no notice confirms it."""

    version: str
    workdays: int
    is_confirmed: bool
    warning: str | None = None


class MonthReport(Message, frozen=True, kw_only=True):
    """A month's figures in the caller's area; `total` is of all that was chosen, `next` goes on after the last row."""

    month: Month
    state: str  # open · provisional · final
    revision: int  # the newest, or the one that was asked for
    as_of: Moment | None
    level: Level
    items: list[FigureItem]
    total: list[FigureItem]  # one for each duty
    calendar: CalendarNote
    definitions: dict[str, str]
    next: str | None = None


class MonthItem(Message, frozen=True, kw_only=True):
    """How settled a month is."""

    month: Month
    state: str
    revision: int


class MonthPage(Message, frozen=True, kw_only=True):
    """All months that are known, the newest first."""

    items: list[MonthItem]


class ObligationItem(Message, frozen=True, kw_only=True):
    """One duty of one customer: its numbers, and the owners, visits, rule version and calendar that made them."""

    customer_id: RecordId
    period: str
    code: str
    month: Month
    org_id: OrgId
    owner: str
    first: BusinessDate
    last: BusinessDate
    measured_fen: int
    required: Count
    counted: Count
    pending: Count
    status: str
    rule_id: str
    workdays: Count
    eligible_workdays: Count
    calendar: str
    is_calendar_confirmed: bool
    shares: list[dict[str, Any]]  # what each owner owes
    owners: list[dict[str, Any]]  # whose the customer was, from when to when
    visits: list[dict[str, Any]]  # every visit of the period with its verdict


class ObligationPage(Message, frozen=True, kw_only=True):
    """Duties of a month by customer, period and code; `next` continues after the last one."""

    items: list[ObligationItem]
    next: str | None = None


class ShownBalance(Message, frozen=True, kw_only=True):
    """What a loan owed from a day on."""

    day: BusinessDate
    balance_fen: int


class ShownLoan(Message, frozen=True, kw_only=True):
    """A loan of the customer; `counts`: the rule's basis takes its money."""

    loan_id: RecordId
    org_id: OrgId
    opened_on: BusinessDate
    settled_on: BusinessDate | None
    contract_fen: int
    counts: bool
    balances: list[ShownBalance]  # of the period, and the last one before it; else the first that was ever known


class ObligationRecord(Message, frozen=True, kw_only=True):
    """One duty with the rule version that judges it, and the loans that `measured_fen` is made of, as known today."""

    obligation: ObligationItem
    rule: "RuleItem"
    loans: list[ShownLoan]


class RevisionItem(Message, frozen=True, kw_only=True):
    """Why a month's numbers changed: its two closes, and everything that came after."""

    revision: int
    made_at: Moment
    made_by: str
    cause: str
    reason: str


class RevisionPage(Message, frozen=True, kw_only=True):
    """A month's revisions in order."""

    items: list[RevisionItem]
    next: int | None = None


class ChangeItem(Message, frozen=True, kw_only=True):
    """One duty before and after a revision; none where there was none."""

    before: ObligationItem | None = None
    after: ObligationItem | None = None


class ChangePage(Message, frozen=True, kw_only=True):
    """What a revision changed in the caller's area."""

    items: list[ChangeItem]
    next: str | None = None


class RuleRequest(Message, frozen=True, kw_only=True):
    """Add a version of a duty; it judges periods that begin in `valid_from_month` or later, and no closed month."""

    code: Code
    org_id: OrgId
    valid_from_month: Month
    threshold_fen: Annotated[int, Meta(ge=0, le=10**15)]
    min_visits: Annotated[int, Meta(ge=1, le=31)]
    cadence: Literal["month", "quarter", "week", "first_check"] = "month"
    basis: Literal["bank", "own_org", "contract"] = "bank"
    measurement: Literal["month_start", "max_in_month", "month_end"] = "max_in_month"
    min_gap_days: Annotated[int, Meta(ge=1, le=92)] = 1
    min_content_chars: Annotated[int, Meta(ge=1, le=1000)] = 10
    visit_types: Annotated[tuple[VisitType, ...], Meta(min_length=1, max_length=3)] = ("on_site",)
    auto_grades: Annotated[tuple[Grade, ...], Meta(max_length=4)] = ("A", "B")
    is_prorated: bool = True
    eligible_workdays_min: Annotated[int, Meta(ge=0, le=23)] = 5
    due_workdays: Annotated[int, Meta(ge=1, le=40)] = 15
    note: Annotated[str, Meta(max_length=500, pattern=PRINTABLE)] = ""


class RuleItem(RuleRequest, frozen=True, kw_only=True):
    """A version of a duty; it never changes again."""

    rule_id: str
    added_by: str
    added_at: Moment


class RulePage(Message, frozen=True, kw_only=True):
    """The versions that hold in the caller's area, or above it; `next` continues after the last one."""

    items: list[RuleItem]
    next: str | None = None


class ExemptionRequest(Message, frozen=True, kw_only=True):
    """Ask that a customer need not be visited for some months; an empty code means every duty."""

    customer_id: RecordId
    code: CodeOrAll = ""
    first_month: Month
    last_month: Month
    reason: Reason
    evidence: Annotated[str, Meta(max_length=1000, pattern=PRINTABLE)] = ""  # where the proof lies


class ExemptionDecision(Message, frozen=True, kw_only=True):
    """Approve or reject; whoever applied cannot."""

    approve: bool
    note: Annotated[str, Meta(max_length=500, pattern=PRINTABLE)] = ""


class ExemptionItem(Message, frozen=True, kw_only=True):
    """An exemption, and what became of it."""

    exemption_id: str
    customer_id: RecordId
    org_id: OrgId
    code: str
    first_month: Month
    last_month: Month
    reason: str
    evidence: str
    state: Literal["open", "approved", "rejected"]
    applied_by: str
    applied_at: Moment
    decided_by: str | None = None
    decided_at: Moment | None = None
    decision_note: str | None = None


class ExemptionPage(Message, frozen=True, kw_only=True):
    """Exemptions of the caller's area, oldest first."""

    items: list[ExemptionItem]
    next: str | None = None


class SampledVisit(Message, frozen=True, kw_only=True):
    """One visit to be checked by telephone."""

    visit_id: RecordId
    customer_id: RecordId
    visitor: StaffNo
    day: BusinessDate
    grade: str


class CallBackSample(Message, frozen=True, kw_only=True):
    """Visits drawn from a month so that whoever repeats it with this seed gets the same ones.

    `detection_power` is how likely the sample holds a false visit, if `false_rate` of the population were.
    """

    month: Month
    seed: str
    population: Count
    false_rate: float
    confidence: float
    size: Count
    detection_power: float
    items: list[SampledVisit]


class RecalculationRequest(Message, frozen=True, kw_only=True):
    """Judge a closed month again by today's rules, facts and calendar, under a name that stays beside the numbers."""

    name: Reason


class CalendarDay(Message, frozen=True, kw_only=True):
    """One day, and who said what it is."""

    day: BusinessDate
    kind: str  # workday · make_up · weekend · holiday
    source: str
    version: str
    is_confirmed: bool


class CalendarYear(Message, frozen=True, kw_only=True):
    """A year's days as far as they are known; a year that nobody told of has none, and Monday to Friday count."""

    year: int
    workdays: int
    is_confirmed: bool
    warning: str | None = None
    days: list[CalendarDay]
