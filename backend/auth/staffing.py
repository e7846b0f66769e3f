"""Staffing: people come, get passwords and portfolios, and hand them over."""

import re
import secrets

from msgspec import Struct

from backend.auth import queries as sessions
from backend.auth.errors import PasswordRefused, Taken
from backend.auth.parts import Auth
from backend.auth.trail import note_of_staff
from backend.domain.orgs.queries import find_org
from backend.domain.staff import queries as people
from backend.domain.staff.policy import roles_clash
from backend.domain.staff.queries import StaffRow, write_roles
from backend.domain.staff.rules import NEVER, password_weakness
from backend.identity import portfolio_bucket
from backend.storage.unit import SqlUnit
from contracts.base import STAFF_NO_PATTERN
from sync.errors import Malformed, NotFound

INITIAL_ALPHABET = "abcdefghjkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"
INITIAL_LENGTH = 14
STAFF_NO = re.compile(STAFF_NO_PATTERN)


class NewStaff(Struct, frozen=True, kw_only=True):
    """A person to be added."""

    staff_no: str
    name: str
    org_id: str
    roles: frozenset[str]


def make_password() -> str:
    """Return a random first password; whoever gets it must choose another at the first sign-in."""
    return "".join(secrets.choice(INITIAL_ALPHABET) for _ in range(INITIAL_LENGTH - 3)) + "aZ7"


def add_staff(auth: Auth, person: NewStaff, password: str, by: str, *, is_initial: bool = True) -> None:
    """Add a person. `is_initial`: somebody else chose the password, so the first sign-in must replace it.

    Raises Malformed for a number that is none or roles that clash, PasswordRefused, NotFound for the institution,
    Taken for the number.
    """
    if not STAFF_NO.fullmatch(person.staff_no):
        raise Malformed("a staff number is up to 20 letters, digits and hyphens")
    if (clash := roles_clash(person.roles)) is not None:
        raise Malformed(clash)
    password_hash = _checked_hash(auth, person.staff_no, password)
    auth.store.write(lambda unit: _add_staff(unit, person, password_hash, by, auth.now(), is_initial=is_initial))


def reset_password(auth: Auth, staff_no: str, password: str, by: str, *, is_initial: bool = True) -> None:
    """Replace a person's password, lift a lockout and end all their sessions. Raises NotFound, PasswordRefused."""
    password_hash = _checked_hash(auth, staff_no, password)
    auth.store.write(lambda unit: _reset(unit, staff_no, password_hash, by, auth.now(), is_initial=is_initial))


def assign_portfolio(unit: SqlUnit, staff_no: str, portfolio_id: str, at: str, by: str = "system") -> bool:
    """Give a portfolio to a person from `at` on; the next pull brings it. Return False if it was theirs.

    Raises NotFound for an unknown or revoked person or an unknown portfolio.
    """
    _check_pair(unit, staff_no, portfolio_id)
    is_new = people.assign_bucket(unit.connection, staff_no, portfolio_bucket(portfolio_id), at)
    if is_new:
        note_of_staff(unit, staff_no, by, "assign_portfolio", at, subject=portfolio_id)
    return is_new


def unassign_portfolio(unit: SqlUnit, staff_no: str, portfolio_id: str, at: str, by: str = "system") -> bool:
    """Take a portfolio from a person at `at`; the next pull removes it. Return False if it was not theirs."""
    was_theirs = people.unassign_bucket(unit.connection, staff_no, portfolio_bucket(portfolio_id), at)
    if was_theirs:
        note_of_staff(unit, staff_no, by, "unassign_portfolio", at, subject=portfolio_id)
    return was_theirs


def _check_pair(unit: SqlUnit, staff_no: str, portfolio_id: str) -> None:
    person = people.find_staff(unit.connection, staff_no)
    if person is None or person.revoked_at is not None:
        raise NotFound(staff_no=staff_no)
    if people.find_portfolio_org(unit.connection, portfolio_id) is None:
        raise NotFound(portfolio_id=portfolio_id)


def _checked_hash(auth: Auth, staff_no: str, password: str) -> str:
    if (weakness := password_weakness(password, staff_no, auth.password_rules)) is not None:
        raise PasswordRefused(weakness)
    return auth.passwords.hash(password)


def _add_staff(
    unit: SqlUnit, person: NewStaff, password_hash: str, by: str, now: str, *, is_initial: bool
) -> None:  # fmt: skip
    if find_org(unit.connection, person.org_id) is None:
        raise NotFound(org_id=person.org_id)
    if people.find_staff(unit.connection, person.staff_no) is not None:
        raise Taken(staff_no=person.staff_no)
    row = StaffRow(
        staff_no=person.staff_no, name=person.name, org_id=person.org_id, roles=person.roles,
        password_hash=password_hash, password_changed_at=NEVER if is_initial else now, created_at=now,
    )  # fmt: skip
    people.add_staff(unit.connection, row)
    detail = {"roles": write_roles(person.roles), "org_id": person.org_id}
    note_of_staff(unit, person.staff_no, by, "add_staff", now, detail=detail)


def _reset(unit: SqlUnit, staff_no: str, password_hash: str, by: str, now: str, *, is_initial: bool) -> None:
    if people.find_staff(unit.connection, staff_no) is None:
        raise NotFound(staff_no=staff_no)
    people.set_password(unit.connection, staff_no, password_hash, NEVER if is_initial else now)
    people.clear_failures(unit.connection, staff_no)
    sessions.end_sessions_of(unit.connection, staff_no, "password", now)
    note_of_staff(unit, staff_no, by, "reset_password", now)
