"""Who people are to the server: roles, the names of their buckets, the guard of a role; and the bank's own day."""

from datetime import datetime, timedelta, timezone
from enum import StrEnum

from sync.errors import Forbidden
from sync.kind import Actor

CATALOG = "catalog"
BANK_TIME = timezone(timedelta(hours=8))  # China has one time zone and no summer time


class Role(StrEnum):
    """What a person does; decides which buckets their tablet holds and which doors open."""

    LOBBY_MANAGER = "lobby_manager"
    FIELD_MANAGER = "field_manager"
    SUPERVISOR = "supervisor"
    ADMINISTRATOR = "administrator"
    AUDITOR = "auditor"


# These work on tablets and far from a line; the others work online, in a browser.
TABLET_ROLES = frozenset({Role.LOBBY_MANAGER.value, Role.FIELD_MANAGER.value})


def staff_bucket(staff_no: str) -> str:
    """Return the bucket of what is for one person."""
    return f"staff:{staff_no}"


def install_bucket(install_id: str) -> str:
    """Return the bucket of what is for one install: the outcomes that wait for a decision."""
    return f"install:{install_id}"


def branch_bucket(org_id: str) -> str:
    """Return the bucket of a branch's tickets and forms."""
    return f"branch:{org_id}"


def team_bucket(org_id: str) -> str:
    """Return the bucket of what all who work at an institution share: its board, and who is busy when."""
    return f"team:{org_id}"


def visits_bucket(staff_no: str) -> str:
    """Return the bucket of a person's own visits."""
    return f"visits:{staff_no}"


def portfolio_bucket(portfolio_id: str) -> str:
    """Return the bucket of a portfolio's customers."""
    return f"portfolio:{portfolio_id}"


def require(actor: Actor, *roles: Role) -> None:
    """Raise Forbidden unless the actor has one of these roles."""
    if actor.roles.isdisjoint(role.value for role in roles):
        raise Forbidden(needs=[role.value for role in roles])


def business_date(moment: datetime) -> str:
    """Return the day of the bank that an aware moment lies in."""
    return moment.astimezone(BANK_TIME).date().isoformat()
