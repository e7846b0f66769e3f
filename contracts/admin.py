"""Administration: people, portfolios, enrolment codes, installs and series, by administrators; auditors may look."""

from typing import Annotated

from msgspec import Meta

from contracts.auth import PRINTABLE, Secret
from contracts.base import Message, Moment, OrgId, StaffNo, Uuid
from contracts.leases import Series

ROLES_MAX = 5
SERIES_MAX = 20
STAFF_PAGE_MAX = 500

PortfolioId = Annotated[str, Meta(pattern="^[A-Za-z0-9_.-]{1,80}$")]
Reason = Annotated[str, Meta(max_length=500)]


class StaffRequest(Message, frozen=True, kw_only=True):
    """Add a person. Without a password the server makes one; either must be replaced at the first sign-in."""

    staff_no: StaffNo
    name: Annotated[str, Meta(min_length=1, max_length=60, pattern=PRINTABLE)]
    org_id: OrgId
    roles: Annotated[list[str], Meta(min_length=1, max_length=ROLES_MAX)]
    password: Secret | None = None


class PasswordRequest(Message, frozen=True, kw_only=True):
    """Replace a person's password; without one the server makes one."""

    password: Secret | None = None


class PasswordAnswer(Message, frozen=True, kw_only=True):
    """The password to hand over, if the server made it; it is shown this once."""

    staff_no: str
    password: str | None = None


class StaffItem(Message, frozen=True, kw_only=True):
    """A person as a list shows them."""

    staff_no: str
    name: str
    org_id: str
    roles: list[str]
    created_at: Moment
    revoked_at: Moment | None = None


class StaffPage(Message, frozen=True, kw_only=True):
    """The people of the caller's area by number; `next` continues after the last one."""

    items: list[StaffItem]
    next: str | None = None


class InstallItem(Message, frozen=True, kw_only=True):
    """An install as a list shows it."""

    install_id: Uuid
    device_id: Uuid
    org_id: str
    letter: str
    app_version: str
    schema: int
    enrolled_at: Moment
    last_seen_at: Moment
    staff_no: str | None = None
    revoked_at: Moment | None = None


class InstallPage(Message, frozen=True, kw_only=True):
    """The installs of the caller's area by id; `next` continues after the last one."""

    items: list[InstallItem]
    next: str | None = None


class CodeRequest(Message, frozen=True, kw_only=True):
    """Ask for an enrolment code; `device_id` brings a known tablet back with a new key."""

    org_id: OrgId
    device_id: Uuid | None = None


class CodeAnswer(Message, frozen=True, kw_only=True):
    """A code for one enrolment; it is shown this once."""

    code: str
    org_id: str
    expires_at: Moment


class RevokeRequest(Message, frozen=True, kw_only=True):
    """Why an install or a person is shut out."""

    reason: Reason = ""


class AssignRequest(Message, frozen=True, kw_only=True):
    """Give a portfolio to a person."""

    staff_no: StaffNo


class Exposure(Message, frozen=True, kw_only=True):
    """What one tablet holds although its person may not see it any more."""

    install_id: str
    device_id: str
    org_id: str
    staff_no: str | None
    last_seen_at: Moment
    buckets: list[str]
    cause: str  # scope · revoked · unreached: it has not called since, so no order has reached it
    ordered_at: Moment | None
    deadline: Moment | None
    is_late: bool


class ExposurePage(Message, frozen=True, kw_only=True):
    """The exposures of the caller's area; `next` continues after the last install that was looked at."""

    items: list[Exposure]
    next: str | None = None


class SeriesChoice(Message, frozen=True, kw_only=True):
    """One series of queue numbers: the letter on the paper, and its name."""

    series: Series
    name: Annotated[str, Meta(min_length=1, max_length=100, pattern=PRINTABLE)]


class SeriesRequest(Message, frozen=True, kw_only=True):
    """The series of a branch, in the order in which they are shown; none at all: those of the whole bank."""

    series: Annotated[list[SeriesChoice], Meta(max_length=SERIES_MAX)]


class SeriesAnswer(Message, frozen=True, kw_only=True):
    """The series that a branch has now, and whether the list is its own."""

    branch_id: OrgId
    series: list[SeriesChoice]
    is_own: bool
