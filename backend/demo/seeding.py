"""Filling a server with the demonstration bank, through the same writes as any other work of the server."""

from collections.abc import Callable, Sequence
from functools import partial

import msgspec

from backend.auth.enrolment import make_enrolment_code
from backend.auth.parts import Auth
from backend.auth.staffing import NewStaff, add_staff, assign_portfolio, make_password
from backend.crm.certificates import note_certificates
from backend.demo.bank import Bank
from backend.demo.credentials import Credentials, ReadyCode, StaffCredentials
from backend.demo.people import Person
from backend.domain.orgs.queries import add_org, list_orgs
from backend.domain.staff.queries import add_portfolio
from backend.storage.unit import SqlUnit
from sync.engine import Engine
from sync.moments import shift_moment

CHUNK = 500  # records in one transaction
CODES_PER_ORG = 6
CHEAP = {"argon2_memory_kib": 1024, "argon2_passes": 1, "argon2_lanes": 1}
BY = "seed"
HELD_D = 365  # since so long everybody has had their customers; else nobody would owe the visits of this month

Progress = Callable[[str, int, int], None]  # what, done, of how many


class NotEmpty(Exception):
    """The database holds institutions already; a demonstration bank is put into an empty one only."""


def seed_bank(engine: Engine, auth: Auth, bank: Bank, progress: Progress) -> Credentials:
    """Fill an empty server and return who may sign in how. Raises NotEmpty."""
    since = shift_moment(auth.now(), days=-HELD_D)
    auth.store.write(lambda unit: _add_institutions(unit, bank))
    passwords = _hire(auth, bank.staff, progress)
    auth.store.write(lambda unit: _hand_out_portfolios(unit, bank, since))
    _write_records(engine, bank, progress)
    _tell_certificates(auth, bank)
    return _credentials(auth, bank, passwords)


def _add_institutions(unit: SqlUnit, bank: Bank) -> None:
    if list_orgs(unit.connection):
        raise NotEmpty
    for row in bank.orgs:
        add_org(unit.connection, row)
    for portfolio in bank.portfolios:
        add_portfolio(unit.connection, portfolio.portfolio_id, portfolio.org_id)


def _hire(auth: Auth, staff: list[Person], progress: Progress) -> dict[str, str]:
    """Add people with fresh random passwords, which nobody guesses however cheap their hash is.

    The first sign-in hashes a password anew at the server's own cost.
    """
    settings = msgspec.structs.replace(auth.settings, **CHEAP)
    cheap = Auth(auth.store, auth.secret, auth.clock, settings)
    passwords = {person.staff_no: make_password() for person in staff}
    for done, person in enumerate(staff, start=1):
        roles = frozenset({person.role})
        new = NewStaff(staff_no=person.staff_no, name=person.name, org_id=person.org_id, roles=roles)
        add_staff(cheap, new, passwords[person.staff_no], BY, is_initial=False)
        progress("staff", done, len(staff))
    return passwords


def _hand_out_portfolios(unit: SqlUnit, bank: Bank, at: str) -> None:
    for portfolio in bank.portfolios:
        assign_portfolio(unit, portfolio.staff_no, portfolio.portfolio_id, at, BY)


def _write_records(engine: Engine, bank: Bank, progress: Progress) -> None:
    records = bank.records
    for start in range(0, len(records), CHUNK):
        engine.put_records(records[start : start + CHUNK], BY)
        progress("records", min(start + CHUNK, len(records)), len(records))


def _tell_certificates(auth: Auth, bank: Bank) -> None:
    """Let customers be found by their certificates, as the CRM's door does."""
    told = [(id, [number]) for id, number in bank.certificates.items()]
    for start in range(0, len(told), CHUNK):
        auth.store.write(partial(_note_certificates, dict(told[start : start + CHUNK])))


def _note_certificates(numbers: dict[str, list[str]], unit: SqlUnit) -> None:
    note_certificates(unit, numbers)


def ready_codes(auth: Auth, orgs: Sequence[str], each: int = CODES_PER_ORG) -> list[ReadyCode]:
    """Return fresh enrolment codes, several for each institution."""
    return [
        ReadyCode(org_id=org_id, code=make_enrolment_code(auth, org_id, BY).code)
        for org_id in orgs
        for _ in range(each)
    ]


def _credentials(auth: Auth, bank: Bank, passwords: dict[str, str]) -> Credentials:
    people = [
        StaffCredentials(
            staff_no=person.staff_no, password=passwords[person.staff_no], name=person.name,
            roles=[person.role], org_id=person.org_id,
            portfolios=[held.portfolio_id for held in bank.portfolios if held.staff_no == person.staff_no],
        )
        for person in bank.staff
    ]  # fmt: skip
    codes = ready_codes(auth, sorted({person.org_id for person in bank.staff}))
    return Credentials(orgs=bank.orgs, staff=people, enrolment_codes=codes)
