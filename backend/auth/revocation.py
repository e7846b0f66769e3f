"""Revocation: an install or a person ends now, and their tablets are ordered to purge."""

from datetime import datetime
from uuid import uuid4

from backend.auth.parts import Auth
from backend.auth.trail import note_of_org, note_of_staff
from backend.domain.devices import queries as devices
from backend.domain.staff import queries as people
from backend.storage.unit import SqlUnit
from sync.custody import order_everything
from sync.errors import NotFound
from sync.moments import write_moment


def revoke_install(auth: Auth, install_id: str, by: str, reason: str = "") -> None:
    """Shut an install out from its next request on, and order it to purge everything. Twice changes nothing.

    Raises NotFound.
    """
    auth.store.write(lambda unit: _revoke_install(auth, unit, install_id, by, reason))


def revoke_staff(auth: Auth, staff_no: str, by: str, reason: str = "") -> None:
    """Shut a person out from their next request on, and order the installs they used last to purge everything.

    Whoever signs in there next begins with an empty tablet. Raises NotFound.
    """
    auth.store.write(lambda unit: _revoke_staff(auth, unit, staff_no, by, reason))


def _revoke_install(auth: Auth, unit: SqlUnit, install_id: str, by: str, reason: str) -> None:
    install = devices.find_install(unit.connection, install_id)
    if install is None:
        raise NotFound(install_id=install_id)
    now = auth.clock()
    at = write_moment(now)
    if devices.end_install(unit.connection, install_id, at):
        _order_purge(auth, unit, install_id, now)
        note_of_org(unit, install.org_id, by, "revoke_install", at, subject=install_id, detail={"reason": reason})


def _revoke_staff(auth: Auth, unit: SqlUnit, staff_no: str, by: str, reason: str) -> None:
    if people.find_staff(unit.connection, staff_no) is None:
        raise NotFound(staff_no=staff_no)
    now = auth.clock()
    at = write_moment(now)
    if people.end_staff(unit.connection, staff_no, at):
        for install_id in devices.installs_of(unit.connection, staff_no):
            _order_purge(auth, unit, install_id, now)
        note_of_staff(unit, staff_no, by, "revoke_staff", at, detail={"reason": reason})


def _order_purge(auth: Auth, unit: SqlUnit, install_id: str, now: datetime) -> None:
    order_everything(unit, str(uuid4()), install_id, now=now, deadline_h=auth.settings.purge_deadline_h)
