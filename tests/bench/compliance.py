"""Duty at the size of a province: the month's close for every customer, and the report of a bank.

Run by itself: `python -m tests.bench.compliance [managers] [customers each]`.
"""

import json
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime
from itertools import islice
from typing import Any
from uuid import UUID

import chinese_calendar
from sqlalchemy import insert, literal, select

from backend.domain.compliance import models as m
from backend.domain.compliance.jobs.closing import Parts, close_month_final, close_month_provisional, refresh_duties
from backend.domain.compliance.queries import setup
from backend.domain.compliance.queries.setup import KeptRule, ToldDay
from backend.domain.compliance.rules.calendar import kind_of
from backend.domain.compliance.rules.versions import RuleVersion
from backend.domain.handoffs.duty import SOURCES
from backend.domain.orgs.models import org
from backend.domain.staff.models import assignment, portfolio, staff
from backend.migrations import migrate
from backend.registry import KINDS
from backend.storage.sql_store import SqlStore
from backend.sync_api.duty.desk import Chosen, DutyDesk
from sync.kind import Actor
from tests.support.databases import open_store

MANAGERS, CUSTOMERS_EACH = 1_000, 300
MANAGERS_OF_A_BRANCH, BRANCHES_OF_A_BANK = 10, 17  # 51,000 duties a bank
MONTH = "2026-11"
ROUNDS = 20


def measure(managers: int = MANAGERS, customers_each: int = CUSTOMERS_EACH) -> dict[str, float]:
    """Return seconds of a close, milliseconds of a bank's report, and the memory that the closes needed."""
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/padsync.db"
        migrate(url)
        with open_store(url) as store:
            store.write(lambda unit: seed(unit.connection, managers, customers_each))
            return measured(store)


def measured(store: SqlStore) -> dict[str, float]:
    parts = Parts(store, KINDS, SOURCES)
    opened_s = timed(lambda: refresh_duties(parts, noon(11, 2)))
    store.write(lambda unit: visit_most(unit.connection))
    before_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began_cpu_s = time.process_time()
    provisional_s = timed(lambda: close_month_provisional(parts, noon(12, 1)))
    cpu_s = time.process_time() - began_cpu_s
    final_s = timed(lambda: close_month_final(parts, noon(12, 4)))
    after_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    desk, head = DutyDesk(store), Actor(install_id="", staff_no="", org_id="B0", roles=frozenset({"supervisor"}))

    def report() -> object:
        return desk.report(head, MONTH, "manager", Chosen(), revision=0, after=None, limit=500)

    page_s = [timed(lambda: desk.obligations(head, MONTH, Chosen(), None, 100)) for _ in range(ROUNDS)]
    return {
        "month_open_s": round(opened_s, 1),
        "month_close_s": round(provisional_s, 1),
        "month_close_cpu_s": round(cpu_s, 1),  # where others work on the same cores, the wall clock says little
        "month_close_final_s": round(final_s, 1),
        "month_report_ms": round(1000 * sorted(timed(report) for _ in range(ROUNDS))[ROUNDS // 2], 1),
        "obligation_page_ms": round(1000 * sorted(page_s)[ROUNDS // 2], 1),
        "month_close_mib": round((after_kib - before_kib) / 1024, 1),
    }


def timed(work: Any) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def noon(month: int, day: int) -> datetime:
    return datetime(2026, month, day, 4, tzinfo=UTC)


def seed(connection: Any, managers: int, customers_each: int) -> None:
    """A union, its banks and branches, managers with a portfolio each, and borrowers, one loan each."""
    branches = -(-managers // MANAGERS_OF_A_BRANCH)
    banks = -(-branches // BRANCHES_OF_A_BANK)
    orgs = [{"org_id": f"B{n}", "name": f"B{n}", "level": "bank", "parent": None} for n in range(banks)]
    orgs += [
        {
            "org_id": f"B{n // BRANCHES_OF_A_BANK}-{n}",
            "name": f"{n}",
            "level": "branch",
            "parent": f"B{n // BRANCHES_OF_A_BANK}",
        }
        for n in range(branches)
    ]
    connection.execute(insert(org), orgs)
    people = [(f"m{n}", str(orgs[banks + n // MANAGERS_OF_A_BRANCH]["org_id"])) for n in range(managers)]
    told = {"name": "", "roles": "field_manager", "password_hash": "", "password_changed_at": "", "created_at": ""}
    connection.execute(insert(staff), [{"staff_no": who, "org_id": org_id, **told} for who, org_id in people])
    connection.execute(insert(portfolio), [{"portfolio_id": f"p{who}", "org_id": org_id} for who, org_id in people])
    since = "2025-01-01T00:00:00.000Z"
    connection.execute(
        insert(assignment), [{"staff_no": who, "bucket": f"portfolio:p{who}", "from_at": since} for who, _ in people]
    )
    all_rows = borrowers(people, customers_each)
    while chunk := list(islice(all_rows, 10_000)):
        for at, table in enumerate((m.duty_customer, m.duty_ownership, m.loan, m.loan_balance)):
            connection.execute(insert(table), [rows[at] for rows in chunk])
    days = [date(2026, month, day) for month in range(1, 13) for day in range(1, 32) if is_date(month, day)]
    said = [ToldDay(day=day, kind=kind_of(day, is_worked=chinese_calendar.is_workday(day))) for day in days]
    setup.replace_year(connection, 2026, said, "chinesecalendar", "1", is_confirmed=True)
    for n in range(banks):
        rule = RuleVersion(
            rule_id=f"r{n}", code="monthly", org_id=f"B{n}", valid_from_month=MONTH, threshold_fen=50_000_000,
            min_visits=1,
        )  # fmt: skip
        setup.add_rule(connection, KeptRule(rule=rule, note="", added_by="", added_at=since))


def borrowers(people: list[tuple[str, str]], each: int) -> Iterator[tuple[dict[str, Any], ...]]:
    for at, (who, org_id) in enumerate(people):
        for n in range(each):
            customer = str(UUID(int=at * 1_000_000 + n, version=4))
            opened_on = "2026-11-16" if n % 29 == 0 else "2025-06-01"
            yield (
                {"customer_id": customer, "org_id": org_id, "known_at": ""},
                {"customer_id": customer, "role": "host", "day": "2025-06-01", "portfolio_id": f"p{who}"},
                {"loan_id": f"l{customer}", "customer_id": customer, "org_id": org_id, "opened_on": opened_on,
                 "settled_on": "2026-11-20" if n % 31 == 0 else None, "contract_fen": 60_000_000},
                {"loan_id": f"l{customer}", "day": opened_on, "balance_fen": 60_000_000},
            )  # fmt: skip


def visit_most(connection: Any) -> None:
    """Fifteen of sixteen customers are visited by their manager, past the reaction: the close has all to count."""
    told = {"type": "on_site", "day": "2026-11-18", "t_est": "2026-11-18T02:00:00.000Z", "grade": "A",
            "review": "counted", "content_chars": 40, "has_coordinate": True}  # fmt: skip
    duty = m.obligation.c
    columns = ["visit_id", "customer_id", "visitor", *told]
    visited = select(duty.customer_id, duty.customer_id, duty.owner, *map(literal, told.values()))
    visited = visited.where(duty.month == MONTH, duty.customer_id.not_like("%0"))
    connection.execute(insert(m.duty_visit).from_select(columns, visited))


def is_date(month: int, day: int) -> bool:
    try:
        date(2026, month, day)
    except ValueError:
        return False
    return True


if __name__ == "__main__":
    print(json.dumps(measure(*map(int, sys.argv[1:])), indent=1))
