"""What administrators may do, each within their own institution and all below; auditors may look."""

from backend.auth import staffing
from backend.auth.enrolment import EnrolmentCode, make_enrolment_code
from backend.auth.parts import Auth
from backend.auth.revocation import revoke_install, revoke_staff
from backend.domain.compliance.jobs.closing import Parts, hand_over_duties
from backend.domain.devices import queries as devices
from backend.domain.devices.queries import InstallRow
from backend.domain.handoffs.duty import SOURCES
from backend.domain.orgs.queries import orgs_below
from backend.domain.staff import queries as people
from backend.domain.staff.queries import StaffRow
from backend.identity import Role, require
from backend.registry import KINDS
from sync.errors import NotFound
from sync.kind import Actor


def area_of(auth: Auth, actor: Actor) -> frozenset[str]:
    """Return the institutions that a supervisor, administrator or auditor answers for."""
    return auth.store.read(lambda look: orgs_below(look.connection, actor.org_id))


def list_staff(auth: Auth, actor: Actor, after: str, limit: int) -> list[StaffRow]:
    """Return the people of the actor's area by number."""
    require(actor, Role.ADMINISTRATOR, Role.AUDITOR)
    return auth.store.read(
        lambda look: people.list_staff(look.connection, orgs_below(look.connection, actor.org_id), after, limit)
    )


def list_installs(auth: Auth, actor: Actor, after: str, limit: int) -> list[InstallRow]:
    """Return the installs of the actor's area by id."""
    require(actor, Role.ADMINISTRATOR, Role.AUDITOR)
    return auth.store.read(
        lambda look: devices.list_installs(look.connection, orgs_below(look.connection, actor.org_id), after, limit)
    )


def add_staff(auth: Auth, actor: Actor, person: staffing.NewStaff, password: str | None) -> str | None:
    """Add a person; return the password if it was made here."""
    require(actor, Role.ADMINISTRATOR)
    _check_area(auth, actor, person.org_id)
    chosen = password or staffing.make_password()
    staffing.add_staff(auth, person, chosen, actor.staff_no)
    return None if password else chosen


def reset_password(auth: Auth, actor: Actor, staff_no: str, password: str | None) -> str | None:
    """Replace a person's password; return it if it was made here."""
    require(actor, Role.ADMINISTRATOR)
    _check_person(auth, actor, staff_no)
    chosen = password or staffing.make_password()
    staffing.reset_password(auth, staff_no, chosen, actor.staff_no)
    return None if password else chosen


def end_staff(auth: Auth, actor: Actor, staff_no: str, reason: str) -> None:
    """Revoke a person."""
    require(actor, Role.ADMINISTRATOR)
    _check_person(auth, actor, staff_no)
    revoke_staff(auth, staff_no, actor.staff_no, reason)


def end_install(auth: Auth, actor: Actor, install_id: str, reason: str) -> None:
    """Revoke an install."""
    require(actor, Role.ADMINISTRATOR)
    install = auth.store.read(lambda look: devices.find_install(look.connection, install_id))
    _check_area(auth, actor, install.org_id if install else None)
    revoke_install(auth, install_id, actor.staff_no, reason)


def make_code(auth: Auth, actor: Actor, org_id: str, device_id: str | None) -> EnrolmentCode:
    """Make an enrolment code."""
    require(actor, Role.ADMINISTRATOR)
    _check_area(auth, actor, org_id)
    return make_enrolment_code(auth, org_id, actor.staff_no, device_id)


def assign(auth: Auth, actor: Actor, portfolio_id: str, staff_no: str) -> None:
    """Give a portfolio to a person; both must be of the actor's area. Its customers' duties go along."""
    _check_pair(auth, actor, portfolio_id, staff_no)
    by, at = actor.staff_no, auth.now()
    if auth.store.write(lambda unit: staffing.assign_portfolio(unit, staff_no, portfolio_id, at, by)):
        _hand_over(auth, portfolio_id)


def unassign(auth: Auth, actor: Actor, portfolio_id: str, staff_no: str) -> None:
    """Take a portfolio from a person, and its customers' duties with it."""
    _check_pair(auth, actor, portfolio_id, staff_no)
    by, at = actor.staff_no, auth.now()
    if auth.store.write(lambda unit: staffing.unassign_portfolio(unit, staff_no, portfolio_id, at, by)):
        _hand_over(auth, portfolio_id)


def _hand_over(auth: Auth, portfolio_id: str) -> None:
    """Let duties follow at once; should this be cut off, the next refresh of all duties does it."""
    hand_over_duties(Parts(auth.store, KINDS, SOURCES), portfolio_id, auth.clock())


def _check_pair(auth: Auth, actor: Actor, portfolio_id: str, staff_no: str) -> None:
    require(actor, Role.ADMINISTRATOR)
    _check_area(auth, actor, auth.store.read(lambda look: people.find_portfolio_org(look.connection, portfolio_id)))
    _check_person(auth, actor, staff_no)


def _check_person(auth: Auth, actor: Actor, staff_no: str) -> None:
    person = auth.store.read(lambda look: people.find_staff(look.connection, staff_no))
    _check_area(auth, actor, person.org_id if person else None)


def _check_area(auth: Auth, actor: Actor, org_id: str | None) -> None:
    """Raise NotFound unless the institution is in the actor's area: what lies outside is not theirs to know of."""
    if org_id is None or org_id not in area_of(auth, actor):
        raise NotFound
