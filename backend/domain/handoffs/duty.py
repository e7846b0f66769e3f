"""Duty is told of customers, loans and visits as they are written, and asks of institutions and portfolios."""

from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import TypeVar

import msgspec
from msgspec import Struct
from sqlalchemy import Connection

from backend.domain.compliance.jobs.reacting import judge_again, take_visits
from backend.domain.compliance.jobs.sources import Place, Sources
from backend.domain.compliance.queries import facts
from backend.domain.compliance.queries.facts import CustomerFact, LoanFact
from backend.domain.compliance.rules.facts import CORRECTED, DOUBTED, VisitFact
from backend.domain.compliance.rules.ownership import Held
from backend.domain.orgs.queries import orgs_above
from backend.domain.staff.queries import holds_of
from backend.domain.visits.rules.reviewing import DECIDED_STATES
from backend.identity import BANK_TIME, portfolio_bucket
from backend.storage.snapshot import SqlSnapshot
from backend.storage.unit import SqlUnit
from contracts.kinds import Customer, Holding, Product
from contracts.policy import Record
from sync.moments import read_moment
from sync.puts import Put
from sync.store import Key, Write

R = TypeVar("R", bound=Record)

LOAN = "loan"  # the family of products whose holdings are loans
LONG_AGO = date(1900, 1, 1)  # a loan whose beginning nobody told was not paid out just now


class _Graded(Struct, frozen=True, kw_only=True):
    """What duty reads of a visit's grade."""

    author: str
    customer_id: str
    local_date: str
    at: str
    grade: str
    review_state: str
    type: str = "on_site"
    content_chars: int = 0
    has_coordinate: bool = False
    corrected_by: str | None = None
    waits_behind: str | None = None

    @property
    def review(self) -> str:
        """What became of it, as a duty weighs it: a doubted correction counts only by a supervisor's word."""
        if self.corrected_by:
            return CORRECTED
        return DOUBTED if self.waits_behind and self.review_state not in DECIDED_STATES else self.review_state


def on_customers(unit: SqlUnit, writes: Sequence[Write], at: str) -> list[Put]:
    """Keep whose customers are from which day on, and judge what they are owed."""
    live = [(write.after.id, _read(write, Customer)) for write in writes if write.after.standing == "live"]
    told = [
        CustomerFact(
            customer_id=id, org_id=body.host_org, day=day_of(body.as_of, at), at=at,
            portfolios={"host": body.host_portfolio, "assist": body.assist_portfolio},
        )
        for id, body in live
    ]  # fmt: skip
    facts.note_customers(unit.connection, told)
    gone = [write.after.id for write in writes if write.after.standing != "live"]
    facts.forget_customers(unit.connection, gone)
    return judge_again(unit.connection, SOURCES, [write.after.id for write in writes], day_of(at, at))


def on_holdings(unit: SqlUnit, writes: Sequence[Write], at: str) -> list[Put]:
    """Keep what is owed from which day on, and judge what that asks for."""
    held = [(write, _last_known(write)) for write in writes]
    loans = _loan_products(unit, {body.product_id for _, body in held if body})
    told = [
        _loan_fact(write, body, at) for write, body in held if body is not None and body.product_id in loans
    ]  # fmt: skip
    if not told:
        return []
    facts.note_loans(unit.connection, told)
    return judge_again(unit.connection, SOURCES, {one.customer_id for one in told}, day_of(at, at))


def on_visits(unit: SqlUnit, writes: Sequence[Write], at: str) -> list[Put]:
    """Let graded and reviewed visits count at once: for open duties, and in closed months as a revision."""
    told = [_visit_fact(write) for write in writes if write.after.standing == "live"]
    return take_visits(unit.connection, SOURCES, told, day_of(at, at), at)


def places_of(connection: Connection, org_ids: Collection[str]) -> dict[str, Place]:
    """Return institutions with all above them, and the bank that each belongs to."""
    lines = orgs_above(connection, org_ids)
    return {
        org_id: Place(
            line=[row.org_id for row in line] or [org_id],
            bank=next((row.org_id for row in line if row.level == "bank"), org_id),
        )
        for org_id, line in lines.items()
    }


def holders_of(connection: Connection, portfolio_ids: Collection[str]) -> dict[str, list[Held]]:
    """Return who held some portfolios, by the days of the bank."""
    names = {portfolio_bucket(portfolio_id): portfolio_id for portfolio_id in portfolio_ids}
    found: dict[str, list[Held]] = {}
    for staff_no, hold in holds_of(connection, names):
        until = day_of(hold.until_at, hold.until_at) if hold.until_at else None
        held = Held(staff_no=staff_no, since=day_of(hold.from_at, hold.from_at), until=until)
        found.setdefault(names[hold.bucket], []).append(held)
    return found


SOURCES = Sources(places=places_of, holders=holders_of)


def day_of(moment: str, otherwise: str) -> date:
    """Return the Shanghai day of a written moment; of another one if it tells none."""
    told: datetime | None = read_moment(moment) or read_moment(otherwise)
    assert told is not None, otherwise
    return told.astimezone(BANK_TIME).date()


def _loan_fact(write: Write, body: Holding, at: str) -> LoanFact:
    """Return what a loan owes; one whose record was deleted owes nothing from that day on."""
    is_live = write.after.standing == "live"
    day = day_of(body.as_of, at) if is_live else day_of(at, at)
    return LoanFact(
        loan_id=write.after.id, customer_id=body.customer_id, org_id=body.org_id, day=day,
        opened_on=date.fromisoformat(body.opened_on) if body.opened_on else LONG_AGO,
        balance_fen=body.balance_fen if is_live else 0, contract_fen=body.contract_fen,
    )  # fmt: skip


def _visit_fact(write: Write) -> VisitFact:
    body = msgspec.json.decode(write.after.body, type=_Graded)
    return VisitFact(
        visit_id=write.after.id, customer_id=body.customer_id, visitor=body.author, type=body.type,
        day=date.fromisoformat(body.local_date), t_est=body.at, grade=body.grade, review=body.review,
        content_chars=body.content_chars, has_coordinate=body.has_coordinate,
    )  # fmt: skip


def _last_known(write: Write) -> Holding | None:
    """Return a holding as it is, or as it was before it was deleted."""
    if write.after.standing == "live":
        return _read(write, Holding)
    return msgspec.json.decode(write.before.body, type=Holding) if write.before and write.before.body else None


def _loan_products(unit: SqlUnit, product_ids: Collection[str]) -> frozenset[str]:
    """Return which of some products are loans; the catalog is looked at without keeping others from it."""
    found = SqlSnapshot.records(unit, [Key("product", id) for id in product_ids])
    return frozenset(
        key.id
        for key, stored in found.items()
        if stored.standing == "live" and msgspec.json.decode(stored.body, type=Product).family == LOAN
    )


def _read(write: Write, record: type[R]) -> R:
    return msgspec.json.decode(write.after.body, type=record)
