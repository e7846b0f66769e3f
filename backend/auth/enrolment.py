"""Enrolment: an administrator's code lets one install in, once; a lost answer may be asked for again."""

import secrets
from datetime import timedelta
from uuid import uuid4

from msgspec import Struct

from backend.auth.errors import EnrolmentRefused
from backend.auth.parts import Auth
from backend.auth.trail import note_of_org
from backend.domain.devices import queries as devices
from backend.domain.devices.queries import CodeRow, InstallRow
from backend.domain.devices.rules import CODE_LENGTH, hash_code, letter_of, read_device_key, thumbprint, write_code
from backend.domain.orgs.queries import find_org
from backend.storage.unit import SqlUnit
from contracts.auth import EnrolRequest, EnrolResponse
from sync.errors import Malformed, NotFound
from sync.moments import write_moment
from sync.signing import KeyUnusable
from sync.store import Install


class EnrolmentCode(Struct, frozen=True, kw_only=True):
    """A fresh code, shown this once."""

    code: str
    org_id: str
    expires_at: str


def make_enrolment_code(auth: Auth, org_id: str, by: str, device_id: str | None = None) -> EnrolmentCode:
    """Return a new code for one install of an institution; `device_id` brings a known tablet back with a new key.

    Raises NotFound for an unknown institution or device.
    """
    now = auth.clock()
    code = write_code(secrets.token_bytes(CODE_LENGTH))
    expires_at = write_moment(now + timedelta(hours=auth.settings.enrolment_code_h))
    row = CodeRow(
        hash=hash_code(code), org_id=org_id, device_id=device_id,
        made_by=by, made_at=write_moment(now), expires_at=expires_at,
    )  # fmt: skip
    auth.store.write(lambda unit: _add_code(unit, row))
    return EnrolmentCode(code=code, org_id=org_id, expires_at=expires_at)


def enrol(auth: Auth, request: EnrolRequest) -> EnrolResponse:
    """Bind an install to a device and its key. The same request again gets the same answer.

    Raises EnrolmentRefused, or Malformed if the key is of no use.
    """
    try:
        key = read_device_key(request.public_key)
    except KeyUnusable as error:
        raise Malformed(str(error)) from error
    answer = auth.store.write(lambda unit: _enrol(unit, request, key, auth.now()))
    if answer is None:
        raise EnrolmentRefused
    return answer


def _add_code(unit: SqlUnit, row: CodeRow) -> None:
    if find_org(unit.connection, row.org_id) is None:
        raise NotFound(org_id=row.org_id)
    if row.device_id is not None and not devices.has_device(unit.connection, row.device_id):
        raise NotFound(device_id=row.device_id)
    devices.add_code(unit.connection, row)
    note_of_org(unit, row.org_id, row.made_by, "enrolment_code_made", row.made_at, subject=row.device_id or "")


def _enrol(unit: SqlUnit, request: EnrolRequest, key: bytes, now: str) -> EnrolResponse | None:
    code = devices.find_code(unit.connection, hash_code(request.enrolment_code))
    if code is None:
        return None
    known = devices.find_install(unit.connection, request.install_id)
    if is_retry(code, known, request.install_id, key):
        assert known is not None
        return EnrolResponse(install_id=known.install_id, device_id=known.device_id)
    if known is not None or code.used_by is not None or code.expires_at <= now:
        subject, result = request.install_id, "enrolment_refused"
        note_of_org(unit, code.org_id, "device", "enrol", now, subject=subject, result=result)
        return None
    return _let_in(unit, code, request, key, now)


def is_retry(code: CodeRow, known: InstallRow | None, install_id: str, key: bytes) -> bool:
    """Say whether this is an enrolment that went well before, and is not revoked since."""
    return (
        known is not None and known.public_key == key and code.used_by == install_id and known.revoked_at is None
    )  # fmt: skip


def _let_in(unit: SqlUnit, code: CodeRow, request: EnrolRequest, key: bytes, now: str) -> EnrolResponse:
    device_id = devices.find_device(unit.connection, thumbprint(key)) or code.device_id or str(uuid4())
    devices.use_code(unit.connection, code.hash, request.install_id)
    bind_install(unit, code.org_id, device_id, request, key, now)
    note_of_org(unit, code.org_id, "device", "enrol", now, subject=request.install_id, detail={"device_id": device_id})
    return EnrolResponse(install_id=request.install_id, device_id=device_id)


def bind_install(unit: SqlUnit, org_id: str, device_id: str, request: EnrolRequest, key: bytes, now: str) -> None:
    """Write a new install down, with the next letter of its institution."""
    find_org(unit.connection, org_id, lock=True)  # letters are given out one at a time
    letter = letter_of(devices.count_installs(unit.connection, org_id))
    devices.save_device(unit.connection, device_id, request.platform, thumbprint(key), now)
    row = InstallRow(
        install_id=request.install_id, device_id=device_id, org_id=org_id, letter=letter, public_key=key,
        app_version=request.app_version, schema=request.schema, enrolled_at=now, last_seen_at=now,
    )  # fmt: skip
    devices.add_install(unit.connection, row)
    unit.save_install(Install(install_id=request.install_id, letter=letter, public_key=key))
