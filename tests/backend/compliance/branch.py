"""A branch with two portfolios on a real database, whose days pass when told."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time
from typing import Any
from uuid import UUID

from msgspec.structs import astuple
from sqlalchemy import insert

from backend.domain.compliance.jobs import closing
from backend.domain.compliance.jobs.closing import Parts
from backend.domain.compliance.jobs.judging import Court
from backend.domain.compliance.jobs.reacting import take_visits
from backend.domain.compliance.models import obligation
from backend.domain.compliance.queries import facts, obligations, setup
from backend.domain.compliance.queries.facts import CustomerFact, LoanFact
from backend.domain.compliance.queries.setup import KeptRule, ToldDay
from backend.domain.compliance.rules.calendar import kind_of
from backend.domain.compliance.rules.facts import VisitFact
from backend.domain.compliance.rules.figures import NONE, Figures
from backend.domain.compliance.rules.kept import Kept
from backend.domain.compliance.rules.versions import RuleVersion
from backend.domain.handoffs.duty import SOURCES
from backend.domain.orgs.queries import OrgRow, add_org
from backend.domain.staff.models import assignment, staff
from backend.domain.staff.queries import add_portfolio
from backend.registry import KINDS
from backend.storage.metadata import metadata
from backend.storage.sql_store import SqlStore
from sync.moments import write_moment
from sync.puts import put_records

ORGS = ["35", "3501", "3502"]


def noon(day: date) -> datetime:
    return datetime.combine(day, time(4), UTC)


def customer_id(n: int) -> str:
    return str(UUID(int=0xC0000 + n, version=4))


def sum_figures(figures: Iterable[Figures]) -> Figures:
    """Return the sum of figures, in one pass."""
    return Figures(*map(sum, zip(*map(astuple, figures), strict=True)))


class Branch:
    """Portfolio p1 is f1's, p2 is f2's, since long ago."""

    def __init__(self, store: SqlStore, calendar: Any = None) -> None:
        self.store = store
        self.parts = Parts(store, KINDS, SOURCES)
        store.write(lambda unit: self._found(unit.connection, calendar))

    def _found(self, connection: Any, calendar: Any) -> None:
        for table in reversed(metadata.sorted_tables):
            if table.name not in ("epoch", "server_secret"):
                connection.execute(table.delete())
        add_org(connection, OrgRow(org_id="35", name="甲农商行", level="bank"))
        for org_id in ("3501", "3502"):
            add_org(connection, OrgRow(org_id=org_id, name=org_id, level="branch", parent="35"))
        for n, org_id in ((1, "3501"), (2, "3502")):
            add_portfolio(connection, f"p{n}", org_id)
            person = {"staff_no": f"f{n}", "name": "某人", "org_id": org_id, "roles": "field_manager",
                      "password_hash": "", "password_changed_at": "", "created_at": ""}  # fmt: skip
            connection.execute(insert(staff).values(person))
            self.hold(connection, f"f{n}", f"p{n}", date(2024, 1, 1))
        if calendar is not None:
            days = [
                ToldDay(day=day, kind=kind_of(day, is_worked=is_worked)) for day, is_worked in calendar.days.items()
            ]
            setup.replace_year(connection, 2026, days, "test", "1", is_confirmed=True)

    def hold(self, connection: Any, staff_no: str, portfolio: str, since: date, until: date | None = None) -> None:
        row = {"staff_no": staff_no, "bucket": f"portfolio:{portfolio}", "from_at": write_moment(noon(since)),
               "until_at": write_moment(noon(until)) if until else None}  # fmt: skip
        connection.execute(insert(assignment).values(row))

    def rule(self, rule: RuleVersion, at: str = "2026-01-01") -> None:
        kept = KeptRule(rule=rule, note="", added_by="admin", added_at=at)
        self.store.write(lambda unit: setup.add_rule(unit.connection, kept))

    def customer(
        self, n: int, day: date, host: str | None = "p1", org_id: str = "3501", assist: str | None = None
    ) -> None:
        fact = CustomerFact(
            customer_id=customer_id(n), org_id=org_id, day=day, at=write_moment(noon(day)),
            portfolios={"host": host, "assist": assist},
        )  # fmt: skip
        self.store.write(lambda unit: facts.note_customers(unit.connection, [fact]))

    def owes(self, n: int, day: date, fen: int, loan: str = "", opened_on: date = date(2025, 5, 1)) -> None:
        fact = LoanFact(
            loan_id=loan or f"loan-{n}", customer_id=customer_id(n), org_id="3501", opened_on=opened_on, day=day,
            balance_fen=fen,
        )  # fmt: skip
        self.store.write(lambda unit: facts.note_loans(unit.connection, [fact]))

    def visit(self, n: int, day: date, *, arrives: date | None = None, **fields: Any) -> None:
        told: dict[str, Any] = {
            "visit_id": f"v-{n}-{day}", "customer_id": customer_id(n), "visitor": "f1", "type": "on_site", "day": day,
            "t_est": f"{day}T04:00:00.000Z", "grade": "A", "review": "counted", "content_chars": 40,
            "has_coordinate": True,
        }  # fmt: skip
        self.arrive(VisitFact(**told | fields), arrives or day)

    def arrive(self, fact: VisitFact, day: date) -> None:
        at = write_moment(noon(day))

        def take(unit: Any) -> None:
            puts = take_visits(unit.connection, SOURCES, [fact], day, at)
            put_records(unit, KINDS, puts, by="duty", at=at)

        self.store.write(take)

    def refresh(self, day: date) -> int:
        return closing.refresh_duties(self.parts, noon(day))

    def close(self, day: date) -> tuple[list[str], list[str]]:
        provisional = closing.close_month_provisional(self.parts, noon(day))
        return provisional, closing.close_month_final(self.parts, noon(day))

    def kept(self, month: str) -> list[Kept]:
        mine = [obligation.c.month == month]
        return self.store.read(lambda look: obligations.list_obligations(look.connection, mine, None, 10_000))

    def figures(self, month: str, revision: int = 0) -> dict[tuple[str, str, str], Figures]:
        rows = self.store.read(lambda look: obligations.load_figures(look.connection, month, ORGS, revision))
        return {row[:3]: row[3] for row in rows}

    def summed(self, month: str) -> dict[tuple[str, str, str], Figures]:
        """The figures of a month, added up from its obligations."""
        found: dict[tuple[str, str, str], Figures] = {}
        for kept in self.kept(month):
            for owner, figures in kept.detail.figures.items():
                key = (kept.org_id, owner, kept.code)
                found[key] = found.get(key, NONE).plus(figures)
        return {key: figures for key, figures in found.items() if figures != NONE}

    def judged_anew(self, months: list[str], as_of: date, customers: int = 9) -> list[Any]:
        """What judging everything from the facts again would change."""
        ids = [customer_id(n) for n in range(customers)]
        return self.store.write(lambda unit: Court(unit.connection, SOURCES, as_of, months).judge(ids).changes)

    def slips(self, portfolio: str) -> dict[str, dict[str, Any]]:
        rows = self.store.read(lambda look: look.rows(f"portfolio:{portfolio}", 0, 1000))
        bodies = [KINDS["duty"].read(row.body) for row in rows if row.kind == "duty" and row.x is None]
        return {f"{body['customer_id']}:{body['code']}": body for body in bodies}

    def revisions(self, month: str) -> list[obligations.Revision]:
        return self.store.read(lambda look: obligations.list_revisions(look.connection, month, 0, 100))
