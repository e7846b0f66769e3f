"""Reading and changing people: their rows, passwords and failures."""

from collections.abc import Collection
from datetime import datetime, timedelta

from msgspec import Struct
from sqlalchemy import ColumnElement, Connection, Row, delete, insert, select, update

from backend.domain.staff.models import assignment, portfolio, sign_in_failure, staff
from backend.domain.staff.policy import Assignment
from backend.domain.staff.rules import Failures
from backend.identity import Role, portfolio_bucket, staff_bucket, visits_bucket
from backend.storage.quick import fetch
from backend.storage.statements import among
from sync.moments import write_moment

PAGE_MAX = 500
FAILURES_KEPT = timedelta(days=1)  # a count that nobody added to for so long is forgotten


ORGS_OF = select(staff.c.staff_no, staff.c.org_id).where(among(staff.c.staff_no, "staff_nos"))


class StaffRow(Struct, frozen=True, kw_only=True):
    """A person as the server keeps them."""

    staff_no: str
    name: str
    org_id: str
    roles: frozenset[str]
    password_hash: str
    password_changed_at: str
    created_at: str
    revoked_at: str | None = None


def write_roles(roles: Collection[str]) -> str:
    """Return roles as the table holds them."""
    return " ".join(sorted(roles))


def find_staff(connection: Connection, staff_no: str) -> StaffRow | None:
    """Return a person, revoked or not, or None."""
    found = connection.execute(select(staff).where(staff.c.staff_no == staff_no)).one_or_none()
    return _read(found) if found else None


def orgs_of(connection: Connection, staff_nos: Collection[str]) -> dict[str, str]:
    """Return staff number → institution, of those who are known."""
    return dict(fetch(connection, ORGS_OF, staff_nos))


def add_staff(connection: Connection, row: StaffRow) -> None:
    """Add a person. Raises IntegrityError if the number is taken or the institution unknown."""
    values = {name: getattr(row, name) for name in row.__struct_fields__}
    connection.execute(insert(staff).values(values | {"roles": write_roles(row.roles)}))


def list_staff(connection: Connection, orgs: Collection[str], after: str = "", limit: int = PAGE_MAX) -> list[StaffRow]:
    """Return the people of some institutions by staff number, from `after` on."""
    chosen = select(staff).where(staff.c.org_id.in_(orgs), staff.c.staff_no > after).order_by(staff.c.staff_no)
    return [_read(row) for row in connection.execute(chosen.limit(min(limit, PAGE_MAX)))]


def supervisors_of(connection: Connection, org_id: str) -> list[str]:
    """Return who supervises an institution itself, by staff number."""
    mine = staff.c.org_id == org_id, staff.c.revoked_at.is_(None), staff.c.roles.contains(Role.SUPERVISOR.value)
    return list(connection.scalars(select(staff.c.staff_no).where(*mine).order_by(staff.c.staff_no).limit(PAGE_MAX)))


def set_password(connection: Connection, staff_no: str, password_hash: str, changed_at: str) -> None:
    """Replace a person's password."""
    values = {"password_hash": password_hash, "password_changed_at": changed_at}
    connection.execute(update(staff).where(staff.c.staff_no == staff_no).values(values))


def end_staff(connection: Connection, staff_no: str, at: str) -> bool:
    """Revoke a person; the first time stands. Return whether this was the first."""
    row = staff.c.staff_no == staff_no, staff.c.revoked_at.is_(None)
    return connection.execute(update(staff).where(*row).values(revoked_at=at)).rowcount == 1


def failures_of(connection: Connection, staff_no: str, *, lock: bool = False) -> Failures:
    """Return the failed sign-ins in a row under a number, known or not; `lock` until the transaction ends."""
    chosen = select(sign_in_failure).where(sign_in_failure.c.staff_no == staff_no)
    found = connection.execute(chosen.with_for_update() if lock else chosen).one_or_none()
    if found is None:
        return Failures()
    return Failures(count=found._mapping["count"], last_at=found.last_at, locked_until=found.locked_until)


def save_failures(connection: Connection, staff_no: str, failures: Failures, now: datetime) -> None:
    """Replace the count of a number, and forget counts that are old.

    Two first failures at once clash, and the store runs one of them again.
    """
    values = {name: getattr(failures, name) for name in failures.__struct_fields__}
    changed = connection.execute(update(sign_in_failure).where(sign_in_failure.c.staff_no == staff_no).values(values))
    if not changed.rowcount:
        connection.execute(insert(sign_in_failure).values(values | {"staff_no": staff_no}))
    old = sign_in_failure.c.last_at < write_moment(now - FAILURES_KEPT)
    passed = sign_in_failure.c.locked_until.is_(None) | (sign_in_failure.c.locked_until < write_moment(now))
    connection.execute(delete(sign_in_failure).where(old, passed, sign_in_failure.c.staff_no != staff_no))


def clear_failures(connection: Connection, staff_no: str) -> None:
    """Begin a new count."""
    connection.execute(delete(sign_in_failure).where(sign_in_failure.c.staff_no == staff_no))


def add_portfolio(connection: Connection, portfolio_id: str, org_id: str) -> None:
    """Add an institution's portfolio; one that exists already stays as it is."""
    if connection.execute(select(portfolio).where(portfolio.c.portfolio_id == portfolio_id)).first() is None:
        connection.execute(insert(portfolio).values(portfolio_id=portfolio_id, org_id=org_id))


def find_portfolio_org(connection: Connection, portfolio_id: str) -> str | None:
    """Return the institution of a portfolio, or None if there is no such portfolio."""
    return connection.scalar(select(portfolio.c.org_id).where(portfolio.c.portfolio_id == portfolio_id))


def buckets_of(connection: Connection, orgs: Collection[str]) -> frozenset[str]:
    """Return the buckets of the portfolios and the people of some institutions."""
    portfolios = connection.scalars(select(portfolio.c.portfolio_id).where(portfolio.c.org_id.in_(orgs)))
    found = {portfolio_bucket(portfolio_id) for portfolio_id in portfolios}
    for staff_no in connection.scalars(select(staff.c.staff_no).where(staff.c.org_id.in_(orgs))):
        found |= {staff_bucket(staff_no), visits_bucket(staff_no)}
    return frozenset(found)


def assign_bucket(connection: Connection, staff_no: str, bucket: str, at: str) -> bool:
    """Give a bucket to a person from `at` on. Return whether it was not theirs already."""
    if connection.execute(select(assignment).where(*_current(staff_no, bucket))).first() is not None:
        return False
    row = {"staff_no": staff_no, "bucket": bucket, "from_at": at}
    same_moment = [column == row[column.name] for column in assignment.primary_key]
    if not connection.execute(update(assignment).where(*same_moment).values(until_at=None)).rowcount:
        connection.execute(insert(assignment).values(row))
    return True


def unassign_bucket(connection: Connection, staff_no: str, bucket: str, at: str) -> bool:
    """End a person's hold of a bucket at `at`; the row stays as history. Return whether it was theirs."""
    ended = update(assignment).where(*_current(staff_no, bucket)).values(until_at=at)
    return connection.execute(ended).rowcount == 1


def holders_of(connection: Connection, bucket: str) -> list[str]:
    """Return who holds a bucket now."""
    chosen = select(assignment.c.staff_no).where(assignment.c.bucket == bucket, assignment.c.until_at.is_(None))
    return list(connection.scalars(chosen.order_by(assignment.c.staff_no).limit(PAGE_MAX)))


def assignments_of(connection: Connection, staff_no: str) -> list[Assignment]:
    """Return everything that is or was assigned to a person, oldest first."""
    columns = assignment.c.bucket, assignment.c.from_at, assignment.c.until_at
    rows = connection.execute(select(*columns).where(assignment.c.staff_no == staff_no).order_by(columns[1]))
    return [Assignment(**row._mapping) for row in rows]


def holds_of(connection: Connection, buckets: Collection[str]) -> list[tuple[str, Assignment]]:
    """Return everybody who holds or held some buckets, each with when: (staff number, hold), oldest first."""
    columns = assignment.c.staff_no, assignment.c.bucket, assignment.c.from_at, assignment.c.until_at
    chosen = select(*columns).where(assignment.c.bucket.in_(sorted(buckets)))
    rows = connection.execute(chosen.order_by(assignment.c.bucket, assignment.c.from_at, assignment.c.staff_no))
    return [(row.staff_no, Assignment(bucket=row.bucket, from_at=row.from_at, until_at=row.until_at)) for row in rows]


def _current(staff_no: str, bucket: str) -> tuple[ColumnElement[bool], ...]:
    return assignment.c.staff_no == staff_no, assignment.c.bucket == bucket, assignment.c.until_at.is_(None)


def _read(row: Row[tuple[object, ...]]) -> StaffRow:
    return StaffRow(**(dict(row._mapping) | {"roles": frozenset(row.roles.split())}))
