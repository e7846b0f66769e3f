"""The facts by day: whose customers were, what they owed, and how they were visited."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Any

from msgspec import Struct
from sqlalchemy import Connection, Row, and_, delete, func, select

from backend.domain.compliance.models import duty_customer, duty_ownership, duty_visit, loan, loan_balance
from backend.domain.compliance.queries.upserts import put_rows
from backend.domain.compliance.rules.facts import CORRECTED, DOUBTED, Loan, VisitFact

ROLES = ("host", "assist")
KEPT = [duty_visit.c[name] for name in VisitFact.__struct_fields__]
UNCOUNTED = ("rejected", CORRECTED, DOUBTED)


class CustomerFact(Struct, frozen=True, kw_only=True):
    """Where a customer belongs from a day on."""

    customer_id: str
    org_id: str
    day: date
    at: str
    portfolios: Mapping[str, str | None]  # host · assist


class LoanFact(Struct, frozen=True, kw_only=True):
    """What is owed from a day on; nothing is owed of a loan that is settled."""

    loan_id: str
    customer_id: str
    org_id: str
    opened_on: date
    day: date
    balance_fen: int
    contract_fen: int = 0  # 0: not told, then the highest balance stands for it


def note_customers(connection: Connection, facts: Sequence[CustomerFact]) -> None:
    """Keep where customers belong, and since when if it is news."""
    rows = [{"customer_id": one.customer_id, "org_id": one.org_id, "known_at": one.at} for one in facts]
    put_rows(connection, duty_customer, rows)
    known = load_ownership(connection, [one.customer_id for one in facts])
    news = [
        {
            "customer_id": one.customer_id,
            "role": role,
            "day": one.day.isoformat(),
            "portfolio_id": one.portfolios.get(role),
        }
        for one in facts
        for role in ROLES
        if _is_news(known.get((one.customer_id, role), []), one.day, one.portfolios.get(role))
    ]
    put_rows(connection, duty_ownership, news)


def note_loans(connection: Connection, facts: Sequence[LoanFact]) -> None:
    """Keep what is owed from which day on; a loan is settled from the day on which nothing is owed any more."""
    ids = [one.loan_id for one in facts]
    known = {row.loan_id: row for row in connection.execute(select(loan).where(loan.c.loan_id.in_(ids)))}
    loans: dict[str, dict[str, Any]] = {}
    for one in facts:
        before = loans.get(one.loan_id) or (known[one.loan_id]._mapping if one.loan_id in known else {})
        highest = max(before.get("contract_fen", 0), one.balance_fen)
        is_settled = one.balance_fen <= 0
        loans[one.loan_id] = {
            "loan_id": one.loan_id, "customer_id": one.customer_id, "org_id": one.org_id,
            "opened_on": one.opened_on.isoformat(), "contract_fen": one.contract_fen or highest,
            "settled_on": (before.get("settled_on") or one.day.isoformat()) if is_settled else None,
        }  # fmt: skip
    put_rows(connection, loan, list(loans.values()))
    balances = {(one.loan_id, one.day): max(0, one.balance_fen) for one in facts}
    rows = [
        {"loan_id": id, "day": day.isoformat(), "balance_fen": fen} for (id, day), fen in balances.items()
    ]  # fmt: skip
    put_rows(connection, loan_balance, rows)


def note_visits(connection: Connection, facts: Sequence[VisitFact]) -> None:
    """Keep what duty needs to know of visits."""
    rows = [
        {name: getattr(one, name) for name in VisitFact.__struct_fields__} | {"day": one.day.isoformat()}
        for one in facts
    ]  # fmt: skip
    put_rows(connection, duty_visit, rows)


def forget_customers(connection: Connection, customer_ids: Sequence[str]) -> None:
    """Drop customers that the CRM deleted; nothing is asked for them from now on."""
    connection.execute(delete(duty_customer).where(duty_customer.c.customer_id.in_(customer_ids)))


def lock_customers(connection: Connection, customer_ids: Collection[str]) -> dict[str, str]:
    """Return the institutions of those customers that are known, and keep others from judging them."""
    chosen = select(duty_customer.c.customer_id, duty_customer.c.org_id)
    chosen = chosen.where(duty_customer.c.customer_id.in_(sorted(customer_ids)))
    rows = connection.execute(chosen.order_by(duty_customer.c.customer_id).with_for_update())
    return {row.customer_id: row.org_id for row in rows}


def page_customers(connection: Connection, after: tuple[str, str], limit: int) -> list[tuple[str, str]]:
    """Return (institution, customer) in order, from `after` on: an institution's customers follow each other."""
    org_id, customer_id = after
    beyond = (duty_customer.c.org_id > org_id) | (
        (duty_customer.c.org_id == org_id) & (duty_customer.c.customer_id > customer_id)
    )
    chosen = select(duty_customer.c.org_id, duty_customer.c.customer_id).where(duty_customer.c.org_id >= org_id, beyond)
    rows = connection.execute(chosen.order_by(duty_customer.c.org_id, duty_customer.c.customer_id).limit(limit))
    return [tuple(row) for row in rows]


def customers_of_portfolio(connection: Connection, portfolio_id: str) -> list[str]:
    """Return the customers that lie or once lay in a portfolio."""
    chosen = select(duty_ownership.c.customer_id).where(duty_ownership.c.portfolio_id == portfolio_id)
    return list(connection.scalars(chosen.distinct().order_by(duty_ownership.c.customer_id)))


def load_ownership(
    connection: Connection, customer_ids: Sequence[str]
) -> dict[tuple[str, str], list[tuple[date, str | None]]]:  # fmt: skip
    """Return (customer, role) → (day, portfolio from then on), oldest first."""
    chosen = select(duty_ownership).where(duty_ownership.c.customer_id.in_(customer_ids))
    found: dict[tuple[str, str], list[tuple[date, str | None]]] = {}
    for customer_id, role, day, portfolio_id in connection.execute(chosen.order_by(*duty_ownership.primary_key)):
        found.setdefault((customer_id, role), []).append((date.fromisoformat(day), portfolio_id))
    return found


def load_loans(
    connection: Connection, customer_ids: Sequence[str], first: date, banks: Mapping[str, str]
) -> dict[str, list[Loan]]:  # fmt: skip
    """Return the customers' loans with their balances from `first` on, and the last one before it."""
    older = loan_balance.alias()
    since = select(func.max(older.c.day)).where(older.c.loan_id == loan.c.loan_id, older.c.day <= first.isoformat())
    columns = loan.c.loan_id, loan.c.customer_id, loan.c.org_id, loan.c.opened_on, loan.c.settled_on
    chosen = (
        select(*columns, loan.c.contract_fen, loan_balance.c.day, loan_balance.c.balance_fen)
        .join(loan_balance, loan_balance.c.loan_id == loan.c.loan_id)
        .where(loan.c.customer_id.in_(customer_ids), loan_balance.c.day >= func.coalesce(since.scalar_subquery(), ""))
        .order_by(loan.c.loan_id, loan_balance.c.day)
    )
    found: dict[str, dict[str, Any]] = {}
    balances: dict[str, list[tuple[date, int]]] = {}
    for loan_id, customer_id, org_id, opened_on, settled_on, contract_fen, day, fen in connection.execute(chosen):
        balances.setdefault(loan_id, []).append((date.fromisoformat(day), fen))
        found[loan_id] = {"customer_id": customer_id, "org_id": org_id, "opened_on": date.fromisoformat(opened_on),
                          "settled_on": date.fromisoformat(settled_on) if settled_on else None,
                          "contract_fen": contract_fen}  # fmt: skip
    loans: dict[str, list[Loan]] = {}
    for loan_id, told in found.items():
        customer_id = told.pop("customer_id")
        one = Loan(
            loan_id=loan_id, bank_id=banks.get(told["org_id"], told["org_id"]), **told,
            balances=tuple(balances[loan_id]),
        )  # fmt: skip
        loans.setdefault(customer_id, []).append(one)
    return loans


def loan_orgs(connection: Connection, customer_ids: Sequence[str]) -> set[str]:
    """Return the institutions at which some customers have loans."""
    return set(connection.scalars(select(loan.c.org_id).where(loan.c.customer_id.in_(customer_ids)).distinct()))


def load_visits(
    connection: Connection, customer_ids: Sequence[str], first: date, last: date
) -> dict[str, list[VisitFact]]:  # fmt: skip
    """Return the customers' visits from `first` to `last`."""
    within = and_(duty_visit.c.day >= first.isoformat(), duty_visit.c.day <= last.isoformat())
    found: dict[str, list[VisitFact]] = {}
    for row in connection.execute(select(*KEPT).where(duty_visit.c.customer_id.in_(customer_ids), within)):
        found.setdefault(row.customer_id, []).append(_visit(row))
    return found


def find_org(connection: Connection, customer_id: str) -> str | None:
    """Return the institution of a customer, or None."""
    return connection.scalar(select(duty_customer.c.org_id).where(duty_customer.c.customer_id == customer_id))


def visits_of(
    connection: Connection, orgs: Collection[str], first: date, last: date, visitor: str | None
) -> dict[str, dict[str, str]]:  # fmt: skip
    """Return the visits to some institutions' customers in a stretch of days, by id, but those that cannot count."""
    columns = [duty_visit.c[name] for name in ("visit_id", "customer_id", "visitor", "day", "grade")]
    within = and_(duty_visit.c.day >= first.isoformat(), duty_visit.c.day <= last.isoformat())
    chosen = select(*columns).join(duty_customer, duty_customer.c.customer_id == duty_visit.c.customer_id)
    chosen = chosen.where(within, duty_visit.c.review.not_in(UNCOUNTED), duty_customer.c.org_id.in_(orgs))
    if visitor is not None:
        chosen = chosen.where(duty_visit.c.visitor == visitor)
    return {row.visit_id: dict(row._mapping) for row in connection.execute(chosen)}


def known_visits(connection: Connection, visit_ids: Sequence[str]) -> dict[str, VisitFact]:
    """Return what is kept of some visits."""
    rows = connection.execute(select(*KEPT).where(duty_visit.c.visit_id.in_(visit_ids)))
    return {row.visit_id: _visit(row) for row in rows}


def _visit(row: Row[Any]) -> VisitFact:
    told = {"day": date.fromisoformat(row.day), "has_coordinate": bool(row.has_coordinate)}
    return VisitFact(**dict(row._mapping) | told)


def _is_news(known: Sequence[tuple[date, str | None]], day: date, portfolio: str | None) -> bool:
    """Say whether a portfolio on a day is not what is known already."""
    before = [one for since, one in known if since <= day]
    if any(since == day for since, _ in known):
        return before[-1] != portfolio
    return not before or before[-1] != portfolio


def list_customers(connection: Connection, orgs: Collection[str], after: str, limit: int) -> list[str]:
    """Return the customers hosted by some institutions, by id, from `after` on."""
    mine = duty_customer.c.org_id.in_(sorted(orgs)), duty_customer.c.customer_id > after
    chosen = select(duty_customer.c.customer_id).where(*mine).order_by(duty_customer.c.customer_id).limit(limit)
    return list(connection.scalars(chosen))
