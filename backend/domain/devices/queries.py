"""Reading and changing tablets: devices, installs, enrolment codes."""

from collections.abc import Collection

from msgspec import Struct
from sqlalchemy import Connection, func, insert, select, update

from backend.domain.devices.models import device, device_install, enrolment_code

PAGE_MAX = 500


class InstallRow(Struct, frozen=True, kw_only=True):
    """An install as the server keeps it."""

    install_id: str
    device_id: str
    org_id: str
    letter: str
    public_key: bytes
    app_version: str
    schema: int
    enrolled_at: str
    last_seen_at: str
    staff_no: str | None = None
    sign_in_count: int = 0
    revoked_at: str | None = None


class CodeRow(Struct, frozen=True, kw_only=True):
    """An enrolment code by its hash."""

    hash: str
    org_id: str
    device_id: str | None = None
    made_by: str
    made_at: str
    expires_at: str
    used_by: str | None = None


def find_install(connection: Connection, install_id: str, *, lock: bool = False) -> InstallRow | None:
    """Return an install, revoked or not, or None; `lock` keeps others from changing it until the transaction ends."""
    chosen = select(device_install).where(device_install.c.install_id == install_id)
    found = connection.execute(chosen.with_for_update() if lock else chosen).one_or_none()
    return InstallRow(**found._mapping) if found else None


def add_install(connection: Connection, row: InstallRow) -> None:
    """Add an install."""
    connection.execute(insert(device_install).values(_values(row)))


def list_installs(
    connection: Connection, orgs: Collection[str], after: str = "", limit: int = PAGE_MAX
) -> list[InstallRow]:
    """Return the installs of some institutions by install id, from `after` on."""
    chosen = select(device_install).where(device_install.c.org_id.in_(orgs), device_install.c.install_id > after)
    rows = connection.execute(chosen.order_by(device_install.c.install_id).limit(min(limit, PAGE_MAX)))
    return [InstallRow(**row._mapping) for row in rows]


def devices_of(connection: Connection, install_ids: Collection[str]) -> dict[str, str]:
    """Return install → the tablet that it is on, for those that are known."""
    chosen = select(device_install.c.install_id, device_install.c.device_id)
    rows = connection.execute(chosen.where(device_install.c.install_id.in_(sorted(install_ids))))
    return {row.install_id: row.device_id for row in rows}


def keys_of(connection: Connection, org_id: str) -> dict[str, bytes]:
    """Return install → public key (JWK) of every install that was ever an institution's, revoked ones too."""
    chosen = select(device_install.c.install_id, device_install.c.public_key)
    rows = connection.execute(chosen.where(device_install.c.org_id == org_id))
    return {row.install_id: row.public_key for row in rows}


def installs_of(connection: Connection, staff_no: str) -> list[str]:
    """Return the installs that a person signed in on last."""
    chosen = select(device_install.c.install_id).where(device_install.c.staff_no == staff_no)
    return list(connection.scalars(chosen.order_by(device_install.c.install_id)))


def count_installs(connection: Connection, org_id: str) -> int:
    """Return how many installs an institution ever had; none is ever deleted."""
    chosen = select(func.count()).select_from(device_install).where(device_install.c.org_id == org_id)
    return connection.execute(chosen).scalar_one()


def use_challenge(connection: Connection, install_id: str, seen_count: int) -> bool:
    """Use up the challenges of a sign-in count. Return False if somebody else did so first."""
    row = device_install.c.install_id == install_id, device_install.c.sign_in_count == seen_count
    return connection.execute(update(device_install).where(*row).values(sign_in_count=seen_count + 1)).rowcount == 1


def note_seen(connection: Connection, install_id: str, staff_no: str, at: str) -> None:
    """Remember who used an install last, and when."""
    row = device_install.c.install_id == install_id
    connection.execute(update(device_install).where(row).values(staff_no=staff_no, last_seen_at=at))


def end_install(connection: Connection, install_id: str, at: str) -> bool:
    """Revoke an install; the first time stands. Return whether this was the first."""
    row = device_install.c.install_id == install_id, device_install.c.revoked_at.is_(None)
    return connection.execute(update(device_install).where(*row).values(revoked_at=at)).rowcount == 1


def find_device(connection: Connection, key_thumbprint: str) -> str | None:
    """Return the device that has this key, or None."""
    return connection.scalar(select(device.c.device_id).where(device.c.key_thumbprint == key_thumbprint))


def has_device(connection: Connection, device_id: str) -> bool:
    """Say whether there is such a device."""
    return connection.scalar(select(device.c.device_id).where(device.c.device_id == device_id)) is not None


def save_device(connection: Connection, device_id: str, platform: str, key_thumbprint: str, at: str) -> None:
    """Add a device, or give a known one its new key."""
    values = {"platform": platform, "key_thumbprint": key_thumbprint}
    if not connection.execute(update(device).where(device.c.device_id == device_id).values(values)).rowcount:
        connection.execute(insert(device).values(values | {"device_id": device_id, "enrolled_at": at}))


def add_code(connection: Connection, row: CodeRow) -> None:
    """Add an enrolment code."""
    connection.execute(insert(enrolment_code).values(_values(row)))


def find_code(connection: Connection, code_hash: str) -> CodeRow | None:
    """Return a code, used or not, or None; nobody else can use it until the transaction ends."""
    chosen = select(enrolment_code).where(enrolment_code.c.hash == code_hash).with_for_update()
    found = connection.execute(chosen).one_or_none()
    return CodeRow(**found._mapping) if found else None


def use_code(connection: Connection, code_hash: str, install_id: str) -> bool:
    """Use a code up. Return False if it was used before."""
    row = enrolment_code.c.hash == code_hash, enrolment_code.c.used_by.is_(None)
    return connection.execute(update(enrolment_code).where(*row).values(used_by=install_id)).rowcount == 1


def _values(row: Struct) -> dict[str, object]:
    return {name: getattr(row, name) for name in row.__struct_fields__}
