"""The exposure report: which tablets hold what their person may not see any more (C7)."""

from collections.abc import Collection, Iterable, Sequence

from sqlalchemy import Connection

from backend.auth.parts import Auth
from backend.domain.devices import queries as devices
from backend.domain.devices.queries import InstallRow
from backend.domain.orgs.queries import orgs_below
from backend.domain.staff import queries as people
from backend.domain.staff.policy import scope_of
from backend.identity import Role, require
from backend.storage.snapshot import SqlSnapshot
from contracts.admin import Exposure
from sync.kind import Actor
from sync.moments import write_moment
from sync.store import PurgeRow

UNREACHED = "unreached"  # the tablet has not called since the person lost the bucket, so no order has reached it


def list_exposures(auth: Auth, actor: Actor, after: str, limit: int) -> tuple[list[Exposure], str | None]:
    """Return one page of the area's exposures by install, and the install after which the next page begins."""
    require(actor, Role.SUPERVISOR, Role.ADMINISTRATOR, Role.AUDITOR)
    now = write_moment(auth.clock())

    def look(snapshot: SqlSnapshot) -> tuple[list[Exposure], str | None]:
        area = orgs_below(snapshot.connection, actor.org_id)
        installs = devices.list_installs(snapshot.connection, area, after, limit)
        found = [exposure for install in installs for exposure in _exposures_of(snapshot, install, now)]
        return found, installs[-1].install_id if len(installs) == limit else None

    return auth.store.read(look)


def _exposures_of(snapshot: SqlSnapshot, install: InstallRow, now: str) -> Iterable[Exposure]:
    orders = [order for order in snapshot.purges(install.install_id) if order.is_open]
    for order in orders:
        yield _exposure(
            install, order.buckets, order.cause, ordered_at=order.ordered_at, deadline=order.deadline, now=now
        )
    unreached = _unreached(snapshot, install, orders)
    if unreached:
        yield _exposure(install, unreached, UNREACHED, now=now)


def _unreached(snapshot: SqlSnapshot, install: InstallRow, orders: Sequence[PurgeRow]) -> list[str]:
    ordered = {bucket for order in orders for bucket in order.buckets}
    scope = _scope_now(snapshot.connection, install)
    return sorted(snapshot.received(install.install_id).keys() - scope - ordered)


def _scope_now(connection: Connection, install: InstallRow) -> frozenset[str]:
    person = people.find_staff(connection, install.staff_no) if install.staff_no else None
    if person is None or person.revoked_at is not None or install.revoked_at is not None:
        return frozenset()
    assigned = people.assignments_of(connection, person.staff_no)
    return scope_of(person.staff_no, install.install_id, person.org_id, person.roles, assigned).buckets


def _exposure(
    install: InstallRow, buckets: Collection[str], cause: str, *,
    now: str, ordered_at: str | None = None, deadline: str | None = None,
) -> Exposure:  # fmt: skip
    return Exposure(
        install_id=install.install_id, device_id=install.device_id, org_id=install.org_id, staff_no=install.staff_no,
        last_seen_at=install.last_seen_at, buckets=sorted(buckets), cause=cause, ordered_at=ordered_at,
        deadline=deadline, is_late=deadline is not None and deadline < now,
    )  # fmt: skip
