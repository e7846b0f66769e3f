"""What supervisors and auditors see of duty, each in their own area."""

from collections.abc import Callable, Collection, Mapping
from typing import Any, TypeVar

import msgspec
from msgspec import Struct
from sqlalchemy import ColumnElement

from backend.domain.compliance.models import obligation
from backend.domain.compliance.queries import exemptions, facts, obligations, setup
from backend.domain.compliance.queries.obligations import Change, MonthRow
from backend.domain.compliance.queries.setup import KeptRule
from backend.domain.compliance.rules.calendar import WORKED
from backend.domain.compliance.rules.kept import Kept
from backend.domain.compliance.rules.periods import Cadence, first_of_month, last_of_month, period_at
from backend.domain.compliance.rules.sampling import detection_power, draw, sample_size
from backend.domain.orgs.queries import list_orgs, orgs_above, orgs_below
from backend.identity import Role, require
from backend.storage.snapshot import SqlSnapshot
from backend.storage.sql_store import SqlStore
from backend.sync_api.duty.definitions import DEFINITIONS, UNCONFIRMED
from backend.sync_api.duty.loans import loans_of
from backend.sync_api.duty.report import item_of, page_of, rows_of, totals_of
from backend.sync_api.duty.sheets import csv_sheets, xlsx_sheets
from backend.web.sheets import Sheet
from contracts.compliance import (
    CalendarDay,
    CalendarNote,
    CalendarYear,
    CallBackSample,
    ChangeItem,
    ChangePage,
    ExemptionItem,
    ExemptionPage,
    Level,
    MonthItem,
    MonthPage,
    MonthReport,
    ObligationItem,
    ObligationPage,
    ObligationRecord,
    RevisionItem,
    RevisionPage,
    RuleItem,
    RulePage,
    SampledVisit,
)
from sync.errors import Malformed, NotFound
from sync.kind import Actor

T = TypeVar("T")

READERS = (Role.SUPERVISOR, Role.ADMINISTRATOR, Role.AUDITOR)
ROWS_MAX = 20_000  # of one report's file: managers times duties
DUTIES_MAX = 20_000  # of one workbook, which is made in memory
LEVELS: tuple[Level, ...] = ("bank", "branch", "manager")


class Chosen(Struct, frozen=True, kw_only=True):
    """Which duties are asked for; everything that is None is left open."""

    org_id: str | None = None
    owner: str | None = None
    code: str | None = None
    status: str | None = None
    customer_id: str | None = None
    visitor: str | None = None  # who made a visit to the customer in the duty's period


class DutyDesk:
    """Reads of duty; the area is the caller's institution and all below."""

    def __init__(self, store: SqlStore) -> None:
        self._store = store

    def months(self, actor: Actor) -> MonthPage:
        """Return how settled each month is."""
        rows = self._ask(actor, lambda look: obligations.load_months(look.connection))
        items = [MonthItem(month=row.month, state=row.state.value, revision=row.revision) for row in reversed(rows)]
        return MonthPage(items=items)

    def report(
        self, actor: Actor, month: str, level: Level, chosen: Chosen, *, revision: int, after: str | None, limit: int
    ) -> MonthReport:
        """Return a month's figures as they are, or as a revision left them. Raises NotFound, Forbidden."""
        return self._ask(actor, lambda look: _report(look, actor, month, level, chosen, revision, after, limit))

    def csv(self, actor: Actor, month: str, level: Level, chosen: Chosen, revision: int) -> list[Sheet]:
        """Return a report's figures as the table of a CSV file."""
        return csv_sheets(self.report(actor, month, level, chosen, revision=revision, after=None, limit=ROWS_MAX))

    def xlsx(self, actor: Actor, month: str, chosen: Chosen, revision: int) -> list[Sheet]:
        """Return a report as the tables of a workbook, with the duties that it opens to as they are now."""

        def gather(look: SqlSnapshot) -> list[Sheet]:
            reports = [_report(look, actor, month, level, chosen, revision, None, ROWS_MAX) for level in LEVELS]
            filters = _filters(look, actor, month, chosen)
            kept = obligations.list_obligations(look.connection, filters, None, DUTIES_MAX)
            left_out = obligations.count_obligations(look.connection, filters) - len(kept)
            return xlsx_sheets(reports, [*map(item_of_duty, kept)], left_out)

        return self._ask(actor, gather)

    def obligations(self, actor: Actor, month: str, chosen: Chosen, after: str | None, limit: int) -> ObligationPage:
        """Return the duties behind a month's figures."""
        place = _read_place(after, 3) if after else None

        def look_up(look: SqlSnapshot) -> list[Kept]:
            filters = _filters(look, actor, month, chosen)
            return obligations.list_obligations(look.connection, filters, place, limit + 1)  # type: ignore[arg-type]  # three words, as asked for

        found = self._ask(actor, look_up)
        further = "~".join(found[limit - 1].key) if len(found) > limit else None
        return ObligationPage(items=[item_of_duty(kept) for kept in found[:limit]], next=further)

    def obligation(self, actor: Actor, customer_id: str, period: str, code: str) -> ObligationRecord:
        """Return one duty with its rule version and its loans. Raises NotFound outside the area."""

        def find(look: SqlSnapshot) -> ObligationRecord:
            kept = obligations.find_obligation(look.connection, (customer_id, period, code))
            rule = setup.find_rule(look.connection, kept.rule_id) if kept else None
            if kept is None or rule is None or kept.org_id not in _area(look, actor):
                raise NotFound
            loans = loans_of(look, kept, rule.rule, names_and_banks(look)[1])
            return ObligationRecord(obligation=item_of_duty(kept), rule=rule_item(rule), loans=loans)

        return self._ask(actor, find)

    def revisions(self, actor: Actor, month: str, after: int, limit: int) -> RevisionPage:
        """Return why a month's numbers changed."""
        found = self._ask(actor, lambda look: obligations.list_revisions(look.connection, month, after, limit + 1))
        items = [
            RevisionItem(**{name: getattr(one, name) for name in RevisionItem.__struct_fields__})
            for one in found[:limit]
        ]
        return RevisionPage(items=items, next=items[-1].revision if len(found) > limit else None)

    def changes(self, actor: Actor, month: str, revision: int, after: str | None, limit: int) -> ChangePage:
        """Return what a revision changed in the area. Raises NotFound for a revision that the month does not have."""
        place = _read_place(after, 3) if after else ("", "", "")

        def find(look: SqlSnapshot) -> list[Change]:
            _check_revision(look, month, revision)
            return obligations.list_changes(
                look.connection, month, revision, _area(look, actor), place, limit + 1  # type: ignore[arg-type]  # three words, as asked for
            )  # fmt: skip

        found = self._ask(actor, find)
        items = [
            ChangeItem(
                before=item_of_duty(one.before) if one.before else None,
                after=item_of_duty(one.after) if one.after else None,
            )
            for one in found[:limit]
        ]
        return ChangePage(items=items, next="~".join(found[limit - 1].either.key) if len(found) > limit else None)

    def rules(self, actor: Actor, after: str, limit: int) -> RulePage:
        """Return the rule versions of the area and of the institutions above it."""

        def look_up(look: SqlSnapshot) -> list[KeptRule]:
            above = {row.org_id for row in orgs_above(look.connection, [actor.org_id])[actor.org_id]}
            return setup.list_rules(look.connection, above | _area(look, actor), after, limit + 1)

        found = self._ask(actor, look_up)
        items = [rule_item(one) for one in found[:limit]]
        return RulePage(items=items, next=items[-1].rule_id if len(found) > limit else None)

    def exemptions(self, actor: Actor, state: str | None, after: str | None, limit: int) -> ExemptionPage:
        """Return the area's exemptions, oldest first."""
        place = _read_place(after, 2) if after else None
        found = self._ask(
            actor,
            lambda look: exemptions.list_exemptions(
                look.connection, _area(look, actor), state, place, limit + 1  # type: ignore[arg-type]  # two words, as asked for
            ),
        )  # fmt: skip
        items = [exemption_item(row) for row in found[:limit]]
        further = f"{items[-1].applied_at}~{items[-1].exemption_id}" if len(found) > limit else None
        return ExemptionPage(items=items, next=further)

    def sample(
        self, actor: Actor, month: str, seed: str, chosen: Chosen, *, false_rate: float, confidence: float
    ) -> CallBackSample:
        """Draw visits of a month for calls back: as many as find a false one with `confidence`."""
        first, last = first_of_month(month), last_of_month(month)

        def look_up(look: SqlSnapshot) -> dict[str, Any]:
            orgs = orgs_of(look, actor, chosen)
            return facts.visits_of(look.connection, orgs, first, last, chosen.owner)

        found = self._ask(actor, look_up)
        size = sample_size(false_rate, confidence, len(found))
        drawn = draw(seed, found, size)
        return CallBackSample(
            month=month, seed=seed, population=len(found), false_rate=false_rate, confidence=confidence, size=size,
            detection_power=detection_power(size, len(found), false_rate) if found else 0.0,
            items=[SampledVisit(**found[id]) for id in drawn],
        )  # fmt: skip

    def calendar(self, actor: Actor, year: int) -> CalendarYear:
        """Return a year's days as far as they are known."""
        rows = self._ask(actor, lambda look: setup.list_days(look.connection, year))
        days = [
            CalendarDay(day=day, kind=kind, source=source, version=version, is_confirmed=bool(is_confirmed))
            for day, kind, source, version, is_confirmed in rows
        ]
        is_confirmed = bool(days) and all(day.is_confirmed for day in days)
        return CalendarYear(
            year=year, workdays=sum(day.kind in WORKED for day in days), is_confirmed=is_confirmed,
            warning=None if is_confirmed else UNCONFIRMED, days=days,
        )  # fmt: skip

    def _ask(self, actor: Actor, look: Callable[[SqlSnapshot], T]) -> T:
        require(actor, *READERS)
        return self._store.read(look)


def item_of_duty(kept: Kept) -> ObligationItem:
    """Return a duty as it is answered."""
    detail = msgspec.to_builtins(kept.detail)
    plain = ("customer_id", "period", "code", "month", "org_id", "owner", "measured_fen", "required", "counted",
             "pending", "status", "rule_id")  # fmt: skip
    return ObligationItem(
        **{name: getattr(kept, name) for name in plain},
        first=kept.first.isoformat(), last=kept.last.isoformat(), is_calendar_confirmed=kept.is_confirmed,
        workdays=kept.detail.workdays, eligible_workdays=kept.detail.eligible_workdays, calendar=kept.detail.calendar,
        shares=detail.get("shares", []), owners=detail.get("owners", []), visits=detail.get("visits", []),
    )  # fmt: skip


def rule_item(kept: KeptRule) -> RuleItem:
    """Return a rule version as it is answered."""
    told: dict[str, Any] = msgspec.to_builtins(kept.rule, order="sorted")
    return RuleItem(**told, note=kept.note, added_by=kept.added_by, added_at=kept.added_at)


def exemption_item(row: exemptions.ExemptionRow) -> ExemptionItem:
    """Return an exemption as it is answered."""
    return msgspec.convert(msgspec.structs.asdict(row), ExemptionItem)


def _check_revision(look: SqlSnapshot, month: str, revision: int) -> MonthRow | None:
    """Return a month that is known. Raises NotFound for a revision that it does not have; 0 is the newest."""
    state = next((row for row in obligations.load_months(look.connection, month) if row.month == month), None)
    if revision and (state is None or revision > state.revision):
        raise NotFound("the month has no such revision", revision=revision)
    return state


def _report(
    look: SqlSnapshot, actor: Actor, month: str, level: Level, chosen: Chosen, revision: int, after: str | None,
    limit: int,
) -> MonthReport:  # fmt: skip
    orgs = orgs_of(look, actor, chosen)
    state = _check_revision(look, month, revision)
    found = [
        row
        for row in obligations.load_figures(look.connection, month, orgs, revision)
        if chosen.owner in (None, row[1]) and chosen.code in (None, row[2])
    ]
    names, banks = names_and_banks(look)
    rows = rows_of(found, level, lambda org_id: banks.get(org_id, org_id))
    shown, further = page_of(rows, after, limit)
    return MonthReport(
        month=month, state=state.state.value if state else "open", as_of=state.changed_at if state else None,
        revision=revision or (state.revision if state else 0), level=level,
        items=[item_of(row, names) for row in shown],
        total=[item_of(row, names) for row in totals_of(rows, chosen.org_id or actor.org_id)],
        calendar=_calendar_note(look, month), definitions=DEFINITIONS, next=further,
    )  # fmt: skip


def names_and_banks(look: SqlSnapshot) -> tuple[Mapping[str, str], Mapping[str, str]]:
    """Return the name of every institution, and the bank that it belongs to."""
    rows = list_orgs(look.connection)  # parents before children
    banks: dict[str, str] = {}
    for row in rows:
        banks[row.org_id] = row.org_id if row.level == "bank" else banks.get(row.parent or "", row.org_id)
    return {row.org_id: row.name for row in rows}, banks


def _calendar_note(look: SqlSnapshot, month: str) -> CalendarNote:
    calendar = setup.load_calendar(look.connection, first_of_month(month), last_of_month(month))
    period = period_at(Cadence.MONTH, first_of_month(month), calendar)
    return CalendarNote(
        version=calendar.version, workdays=len(period.workdays), is_confirmed=period.is_confirmed,
        warning=None if period.is_confirmed else UNCONFIRMED,
    )  # fmt: skip


def _filters(look: SqlSnapshot, actor: Actor, month: str, chosen: Chosen) -> list[ColumnElement[bool]]:
    filters = [obligation.c.month == month, obligation.c.org_id.in_(orgs_of(look, actor, chosen))]
    named = {"owner": chosen.owner, "code": chosen.code, "status": chosen.status, "customer_id": chosen.customer_id}
    filters += [obligation.c[name] == value for name, value in named.items() if value is not None]
    return filters if chosen.visitor is None else [*filters, obligations.is_visited_by(chosen.visitor)]


def orgs_of(look: SqlSnapshot, actor: Actor, chosen: Chosen) -> Collection[str]:
    """Return the institutions that are asked for. Raises NotFound for one outside the area."""
    area = _area(look, actor)
    if chosen.org_id is None:
        return area
    if chosen.org_id not in area:
        raise NotFound
    return orgs_below(look.connection, chosen.org_id)


def _area(look: SqlSnapshot, actor: Actor) -> frozenset[str]:
    return orgs_below(look.connection, actor.org_id)


def _read_place(text: str, words: int) -> tuple[str, ...]:
    place = tuple(text.split("~"))
    if len(place) != words:
        raise Malformed("`after` is what an earlier page named `next`.")
    return place
