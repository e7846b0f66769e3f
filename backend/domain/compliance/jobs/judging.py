"""Duties judged from the facts: the same for one customer after one visit and for a bank at the month's end."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, timedelta
from functools import cache

from msgspec import Struct
from sqlalchemy import Connection

from backend.domain.compliance.jobs.sources import Place, Sources
from backend.domain.compliance.queries import facts, obligations, setup
from backend.domain.compliance.queries.obligations import Change
from backend.domain.compliance.rules.calendar import Calendar
from backend.domain.compliance.rules.closing import MonthState
from backend.domain.compliance.rules.facts import Dossier, Exemption, VisitFact
from backend.domain.compliance.rules.kept import Kept, keep, recount
from backend.domain.compliance.rules.ownership import further_stints, owner_stints
from backend.domain.compliance.rules.periods import (
    Cadence,
    Period,
    first_check_of,
    first_of_month,
    last_of_month,
    month_of,
    next_month,
    periods_ending_in,
)
from backend.domain.compliance.rules.standing import obligation_of
from backend.domain.compliance.rules.versions import RuleVersion, rules_in_force

QUARTER_D = timedelta(days=100)  # so far beyond its month a period or its deadline may reach
MONTHS_AHEAD = 3
MONTHS_MAX = 12  # left open at once; a server that stood longer closes the oldest first
RECURRING = (Cadence.MONTH, Cadence.QUARTER, Cadence.WEEK)

Asked = Sequence[tuple[RuleVersion, Period]]


class Judged(Struct, frozen=True, kw_only=True):
    """What a judgement changed, and every duty of the customers as it stands."""

    changes: list[Change]
    kept: list[Kept]


class Court:
    """All that judgements of one day share: rules, calendar, the months to judge."""

    def __init__(self, connection: Connection, sources: Sources, as_of: date, months: Collection[str]) -> None:
        """`months` are those whose duties are judged; a duty stands in the month in which its period ends."""
        self.connection, self.sources, self.as_of = connection, sources, as_of
        self.months = frozenset(months)
        self.first = first_of_month(min(months)) - QUARTER_D
        self.last = last_of_month(max(months)) + QUARTER_D
        self.calendar: Calendar = setup.load_calendar(connection, self.first, self.last)
        self.rules = setup.load_rules(connection)
        self.in_force = cache(self._in_force)
        self.begun = list(self._begin())
        has_first_checks = any(rule.cadence is Cadence.FIRST_CHECK for rule in self.rules)
        begun_on = [self.first] if has_first_checks else [period.first for period in self.begun]
        self.visits_since = min(begun_on, default=self.first)

    def judge(self, customer_ids: Collection[str]) -> Judged:
        """Judge every duty of some customers in these months, and return what changed; nothing is written.

        Once that is written, the same customers judged again change nothing. Others cannot judge them meanwhile.
        """
        ids = sorted(customer_ids)
        orgs = facts.lock_customers(self.connection, ids)
        before = {kept.key: kept for kept in self._load_kept(ids)}
        after = {kept.key: kept for kept in self._judge(orgs)}
        changes = [
            Change(before=before.get(key), after=after.get(key))
            for key in sorted(before.keys() | after.keys())
            if before.get(key) != after.get(key)
        ]
        return Judged(changes=changes, kept=list(after.values()))

    def _load_kept(self, ids: Sequence[str]) -> list[Kept]:
        live = obligations.load_live(self.connection, ids, min(self.months), ())
        return [kept for kept in live if kept.month in self.months]

    def _judge(self, orgs: Mapping[str, str]) -> Iterable[Kept]:
        if not self.rules or not orgs:
            return
        ids = list(orgs)
        places = self.sources.places(self.connection, {*orgs.values(), *facts.loan_orgs(self.connection, ids)})
        visits = facts.load_visits(self.connection, ids, self.visits_since, self.as_of)
        exemptions = setup.load_exemptions(self.connection, ids)
        for dossier in self._dossiers(orgs, places):
            asked = [*self.in_force(tuple(places[dossier.org_id].line)), *self._first_checks(dossier, places)]
            mine, freed = visits.get(dossier.customer_id, []), exemptions.get(dossier.customer_id, [])
            for rule, period in asked:
                found = obligation_of(rule, dossier, period, mine, freed, self.as_of)
                if found is not None:
                    yield keep(found, dossier, self.calendar.version)

    def _dossiers(self, orgs: Mapping[str, str], places: Mapping[str, Place]) -> Iterable[Dossier]:
        """Yield what is known of those customers who have a loan."""
        banks = {org_id: place.bank for org_id, place in places.items()}
        loans = facts.load_loans(self.connection, list(orgs), self.first, banks)
        owned = facts.load_ownership(self.connection, list(loans))
        holders = self.sources.holders(
            self.connection, {portfolio for known in owned.values() for _, portfolio in known if portfolio}
        )
        for customer_id in sorted(loans):
            org_id = orgs[customer_id]
            host, assist = owned.get((customer_id, "host"), []), owned.get((customer_id, "assist"), [])
            owners = owner_stints(host, holders, self.first, self.last)
            managers = [
                stint
                for known in (host, assist)
                for stint in further_stints(known, holders, self.first, self.last)
                if stint not in owners
            ]
            yield Dossier(
                customer_id=customer_id, org_id=org_id, bank_id=banks[org_id], loans=tuple(loans[customer_id]),
                owners=tuple(owners), managers=tuple(managers),
            )  # fmt: skip

    def _in_force(self, line: tuple[str, ...]) -> Asked:
        """Return the recurring periods of these months that have begun, each with the rule that judges it."""
        return [
            (rule, period)
            for period in self.begun
            for rule in rules_in_force(self.rules, month_of(period.first), line)
            if rule.cadence is period.cadence
        ]

    def _begin(self) -> Iterable[Period]:
        cadences = {rule.cadence for rule in self.rules}
        for month in sorted(self.months):
            for cadence in RECURRING:
                found = periods_ending_in(cadence, month, self.calendar) if cadence in cadences else []
                yield from (period for period in found if period.first <= self.as_of)

    def _first_checks(self, dossier: Dossier, places: Mapping[str, Place]) -> Asked:
        line = places[dossier.org_id].line
        return [
            (rule, period)
            for loan in dossier.loans
            if self.first <= loan.opened_on <= self.as_of
            for rule in rules_in_force(self.rules, month_of(loan.opened_on), line)
            if rule.cadence is Cadence.FIRST_CHECK
            if (period := first_check_of(loan.loan_id, loan.opened_on, rule.due_workdays, self.calendar)).month
            in self.months
        ]


def open_months(connection: Connection, as_of: date, *, is_kept_still: bool = False) -> list[str]:
    """Return the months that can still change without a revision: those after the last final one, and on to where
    a period may end that has begun. Where none was ever closed, they begin before `as_of`'s month.
    """
    known = obligations.load_months(connection, is_kept_still=is_kept_still)
    final = [row.month for row in known if row.state is MonthState.FINAL]
    this = month_of(as_of)
    month = next_month(max(final)) if final else month_of(first_of_month(this) - timedelta(days=1))
    month = max(month, month_of(first_of_month(this) - timedelta(days=31 * (MONTHS_MAX - 1))))
    months = []
    while month <= _horizon(this):
        months.append(month)
        month = next_month(month)
    return months


def recount_closed(
    connection: Connection, touched: Mapping[str, Collection[date]], as_of: date, closed: Collection[str]
) -> list[Change]:  # fmt: skip
    """Return how the closed obligations of customers changed by what came for some of their days after the close.

    What was asked, of whom, and by which rule stays as it was closed.
    """
    facts.lock_customers(connection, touched)
    kept = obligations.load_closed(connection, touched, closed)
    if not kept:
        return []
    ids = sorted({one.customer_id for one in kept})
    visits = facts.load_visits(connection, ids, min(one.first for one in kept), max(one.last for one in kept))
    exemptions: dict[str, list[Exemption]] = setup.load_exemptions(connection, ids)
    rules = {rule.rule_id: rule for rule in setup.load_rules(connection)}
    none: list[VisitFact] = []
    again = (
        (
            one,
            recount(
                one, rules[one.rule_id], visits.get(one.customer_id, none), exemptions.get(one.customer_id, []), as_of
            ),
        )
        for one in kept
    )
    return [Change(before=before, after=after) for before, after in again if before != after]


def _horizon(month: str) -> str:
    """Return the last month in which a period that has begun may end."""
    for _ in range(MONTHS_AHEAD):
        month = next_month(month)
    return month
