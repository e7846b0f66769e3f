"""The doors of administration."""

from functools import partial
from typing import Annotated, Any, get_args

from litestar import Controller, delete, get, post, put
from litestar.di import NamedDependency
from litestar.params import JSONBody, PathParameter, QueryParameter
from msgspec import Meta
from msgspec.structs import asdict

from backend.auth import administration, exposures
from backend.auth.gate import Gate
from backend.auth.parts import Auth
from backend.auth.staffing import NewStaff
from backend.domain.devices.queries import InstallRow
from backend.domain.staff.queries import StaffRow
from contracts.admin import (
    STAFF_PAGE_MAX,
    AssignRequest,
    CodeAnswer,
    CodeRequest,
    ExposurePage,
    InstallItem,
    InstallPage,
    PasswordAnswer,
    PasswordRequest,
    PortfolioId,
    RevokeRequest,
    StaffItem,
    StaffPage,
    StaffRequest,
)
from contracts.auth import PRINTABLE
from contracts.base import InstallId, StaffNo
from sync.kind import Actor


def _pattern(hint: Any) -> str:
    """Return the pattern of a contract's word; Litestar heeds it only as its own parameter."""
    return next(part.pattern for part in get_args(hint) if isinstance(part, Meta) and part.pattern)


StaffPath = Annotated[str, PathParameter(pattern=_pattern(StaffNo))]
PortfolioPath = Annotated[str, PathParameter(pattern=_pattern(PortfolioId))]
InstallPath = Annotated[str, PathParameter(pattern=_pattern(InstallId))]
After = Annotated[str, QueryParameter(max_length=40, pattern=PRINTABLE)]
Limit = Annotated[int, QueryParameter(ge=1, le=STAFF_PAGE_MAX)]


class AdminStaffController(Controller):
    """People and their portfolios."""

    path = "/admin"
    tags = ("administration",)

    @get("/staff", sync_to_thread=True)
    def list_staff(
        self,
        actor: NamedDependency[Actor],
        auth: NamedDependency[Auth],
        after: After = "",
        limit: Limit = 100,
    ) -> StaffPage:
        """The people of the caller's area."""
        rows = administration.list_staff(auth, actor, after, limit)
        return StaffPage(items=[_staff_item(row) for row in rows], next=next_after(rows, "staff_no", limit))

    @post("/staff", status_code=201)
    async def add_staff(
        self,
        data: JSONBody[StaffRequest],
        actor: NamedDependency[Actor],
        auth: NamedDependency[Auth],
        gate: NamedDependency[Gate],
    ) -> PasswordAnswer:
        """Add a person."""
        person = NewStaff(staff_no=data.staff_no, name=data.name, org_id=data.org_id, roles=frozenset(data.roles))
        made = await gate.run(partial(administration.add_staff, auth, actor, person, data.password))
        return PasswordAnswer(staff_no=data.staff_no, password=made)

    @post("/staff/{staff_no:str}/password", status_code=200)
    async def reset_password(
        self,
        staff_no: StaffPath,
        data: JSONBody[PasswordRequest],
        actor: NamedDependency[Actor],
        auth: NamedDependency[Auth],
        gate: NamedDependency[Gate],
    ) -> PasswordAnswer:
        """Replace a person's password, lift a lockout, end their sessions."""
        made = await gate.run(partial(administration.reset_password, auth, actor, staff_no, data.password))
        return PasswordAnswer(staff_no=staff_no, password=made)

    @post("/staff/{staff_no:str}/revoke", status_code=204, sync_to_thread=True)
    def revoke_staff(
        self,
        staff_no: StaffPath,
        data: JSONBody[RevokeRequest],
        actor: NamedDependency[Actor],
        auth: NamedDependency[Auth],
    ) -> None:
        """Shut a person out from their next request on."""
        administration.end_staff(auth, actor, staff_no, data.reason)

    @put("/portfolios/{portfolio_id:str}/staff", status_code=204, sync_to_thread=True)
    def assign(
        self,
        portfolio_id: PortfolioPath,
        data: JSONBody[AssignRequest],
        actor: NamedDependency[Actor],
        auth: NamedDependency[Auth],
    ) -> None:
        """Give a portfolio to a person."""
        administration.assign(auth, actor, portfolio_id, data.staff_no)

    @delete("/portfolios/{portfolio_id:str}/staff/{staff_no:str}", sync_to_thread=True)
    def unassign(
        self,
        portfolio_id: PortfolioPath,
        staff_no: StaffPath,
        actor: NamedDependency[Actor],
        auth: NamedDependency[Auth],
    ) -> None:
        """Take a portfolio from a person."""
        administration.unassign(auth, actor, portfolio_id, staff_no)


class AdminInstallController(Controller):
    """Tablets and the codes that let them in."""

    path = "/admin"
    tags = ("administration",)

    @post("/enrolment-codes", status_code=201, sync_to_thread=True)
    def make_code(
        self, data: JSONBody[CodeRequest], actor: NamedDependency[Actor], auth: NamedDependency[Auth]
    ) -> CodeAnswer:
        """Make a code for one enrolment; it is shown this once."""
        return CodeAnswer(**asdict(administration.make_code(auth, actor, data.org_id, data.device_id)))

    @get("/installs", sync_to_thread=True)
    def list_installs(
        self,
        actor: NamedDependency[Actor],
        auth: NamedDependency[Auth],
        after: After = "",
        limit: Limit = 100,
    ) -> InstallPage:
        """The installs of the caller's area."""
        rows = administration.list_installs(auth, actor, after, limit)
        return InstallPage(items=[_install_item(row) for row in rows], next=next_after(rows, "install_id", limit))

    @get("/exposures", sync_to_thread=True)
    def list_exposures(
        self,
        actor: NamedDependency[Actor],
        auth: NamedDependency[Auth],
        after: After = "",
        limit: Limit = 100,
    ) -> ExposurePage:
        """Tablets of the caller's area that hold what their person may not see any more."""
        items, next = exposures.list_exposures(auth, actor, after, limit)
        return ExposurePage(items=items, next=next)

    @post("/installs/{install_id:str}/revoke", status_code=204, sync_to_thread=True)
    def revoke_install(
        self,
        install_id: InstallPath,
        data: JSONBody[RevokeRequest],
        actor: NamedDependency[Actor],
        auth: NamedDependency[Auth],
    ) -> None:
        """Shut an install out from its next request on, and order it to purge."""
        administration.end_install(auth, actor, install_id, data.reason)


admin_routes = [AdminStaffController, AdminInstallController]


def next_after(rows: list[StaffRow] | list[InstallRow], field: str, limit: int) -> str | None:
    """Return where the next page begins, or None if this one was not full."""
    return str(getattr(rows[-1], field)) if len(rows) == limit else None


def _staff_item(row: StaffRow) -> StaffItem:
    return StaffItem(
        staff_no=row.staff_no, name=row.name, org_id=row.org_id, roles=sorted(row.roles),
        created_at=row.created_at, revoked_at=row.revoked_at,
    )  # fmt: skip


def _install_item(row: InstallRow) -> InstallItem:
    return InstallItem(**{name: getattr(row, name) for name in InstallItem.__struct_fields__})
