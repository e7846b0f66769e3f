"""Partners: systems that are not people - a branch's queue machine, a teller system - and the keys they show.

Doors declare `partner: NamedDependency[Partner]` (backend.auth.routes) and call `require_sort`.
"""

import hmac
import secrets
from enum import StrEnum
from hashlib import sha256
from uuid import uuid4

from msgspec import Struct
from sqlalchemy import Connection, insert, select, update

from backend.auth.enrolment import bind_install
from backend.auth.errors import Revoked, Unauthenticated
from backend.auth.parts import Auth
from backend.auth.tables import partner
from backend.auth.trail import note_of_org
from backend.domain.devices.models import device_install
from backend.domain.devices.queries import end_install
from backend.domain.orgs.queries import find_org
from backend.storage.unit import SqlUnit
from contracts.auth import EnrolRequest
from contracts.version import SCHEMA
from sync.errors import Forbidden, Malformed, NotFound
from sync.signing import new_key, write_public_jwk

KEY_PREFIX = "padsync_"
SECRET_BYTES = 32
ID_BYTES = 6  # 12 hexadecimal digits: the id stands wherever a staff number may, and that has 20 characters
KEY_LENGTH_MAX = 200


class PartnerSort(StrEnum):
    """What a partner is; decides which doors open."""

    MACHINE = "machine"  # hands out and calls queue numbers in one branch
    TELLER = "teller"  # loads forms, for one institution and all below it


class Partner(Struct, frozen=True, kw_only=True):
    """A system that asks; `partner_id` is its name wherever a person's would be their staff number."""

    partner_id: str
    sort: str
    org_id: str
    name: str
    install_id: str | None = None  # a machine's


class NewPartner(Struct, frozen=True, kw_only=True):
    """A partner that was just added, and its key, shown this once."""

    partner: Partner
    key: str


def add_partner(auth: Auth, sort: PartnerSort, org_id: str, name: str, by: str) -> NewPartner:
    """Add a system of an institution; a machine becomes an install of its branch, with a letter of its own.

    Raises NotFound for an unknown institution, Malformed for a machine that would stand in none that is a branch.
    """
    secret = secrets.token_urlsafe(SECRET_BYTES)
    made = Partner(
        partner_id=f"{sort.value[0]}-{secrets.token_hex(ID_BYTES)}", sort=sort.value, org_id=org_id, name=name,
        install_id=str(uuid4()) if sort is PartnerSort.MACHINE else None,
    )  # fmt: skip
    auth.store.write(lambda unit: _add(unit, made, hash_secret(secret), by, auth.now()))
    return NewPartner(partner=made, key=f"{KEY_PREFIX}{made.partner_id}.{secret}")


def revoke_partner(auth: Auth, partner_id: str, by: str, reason: str = "") -> None:
    """Shut a partner out from its next request on. Twice changes nothing. Raises NotFound."""
    auth.store.write(lambda unit: _revoke(unit, partner_id, by, reason, auth.now()))


def find_partner(connection: Connection, partner_id: str) -> Partner | None:
    """Return a partner, revoked or not, or None."""
    columns = [partner.c[name] for name in Partner.__struct_fields__]
    row = connection.execute(select(*columns).where(partner.c.partner_id == partner_id)).one_or_none()
    return Partner(**row._mapping) if row else None


def identify_partner(auth: Auth, authorization: str | None) -> Partner:
    """Return which system shows its key. Raises Unauthenticated, or Revoked to one whose key was right."""
    partner_id, secret = _read_key(authorization)
    row = auth.store.read(lambda look: _find_keyed(look.connection, partner_id))
    if row is None or not hmac.compare_digest(row[1], hash_secret(secret)):
        raise Unauthenticated("this is not the key of a partner")
    if row[2] is not None or row[3] is not None:
        raise Revoked(purges=[])
    return row[0]


def require_sort(asking: Partner, sort: PartnerSort) -> None:
    """Raise Forbidden unless the partner is of this sort."""
    if asking.sort != sort.value:
        raise Forbidden(needs=[sort.value])


def hash_secret(secret: str) -> str:
    """Return what is kept of a partner's secret.

    One SHA-256 will do: the secret is 256 random bits that no person chose, so there is nothing to try out, and a
    slow hash at every ticket would only slow the tickets down.
    """
    return sha256(secret.encode()).hexdigest()


def _read_key(authorization: str | None) -> tuple[str, str]:
    scheme, _, key = (authorization or "").partition(" ")
    partner_id, dot, secret = key.removeprefix(KEY_PREFIX).partition(".")
    if scheme.lower() != "bearer" or not key.startswith(KEY_PREFIX) or not dot or len(key) > KEY_LENGTH_MAX:
        raise Unauthenticated("Authorization: Bearer padsync_… is missing")
    return partner_id, secret


def _find_keyed(connection: Connection, partner_id: str) -> tuple[Partner, str, str | None, str | None] | None:
    """Return a partner, the hash of its key, and when it or its install was revoked."""
    row = connection.execute(
        select(partner, device_install.c.revoked_at.label("install_revoked_at"))
        .outerjoin(device_install, device_install.c.install_id == partner.c.install_id)
        .where(partner.c.partner_id == partner_id)
    ).one_or_none()
    if row is None:
        return None
    found = Partner(**{name: row._mapping[name] for name in Partner.__struct_fields__})
    return found, row.key_hash, row.revoked_at, row.install_revoked_at


def _add(unit: SqlUnit, made: Partner, key_hash: str, by: str, now: str) -> None:
    org = find_org(unit.connection, made.org_id)
    if org is None:
        raise NotFound(org_id=made.org_id)
    if made.install_id is not None:
        if org.level != "branch":
            raise Malformed("a queue machine stands in a branch", org_id=made.org_id)
        _bind_machine(unit, made, made.install_id, now)
    values = {name: getattr(made, name) for name in Partner.__struct_fields__}
    unit.connection.execute(insert(partner).values(values | {"key_hash": key_hash, "added_at": now}))
    note_of_org(unit, made.org_id, by, "add_partner", now, subject=made.partner_id, detail={"sort": made.sort})


def _bind_machine(unit: SqlUnit, made: Partner, install_id: str, now: str) -> None:
    """Make the machine an install; its device key is thrown away, so nobody ever signs in as a person there."""
    key = write_public_jwk(new_key().public_key())
    request = EnrolRequest(
        enrolment_code="-", install_id=install_id, public_key={}, platform="machine",
        app_version=made.partner_id, schema=SCHEMA,
    )  # fmt: skip
    bind_install(unit, made.org_id, str(uuid4()), request, key, now)


def _revoke(unit: SqlUnit, partner_id: str, by: str, reason: str, now: str) -> None:
    found = find_partner(unit.connection, partner_id)
    if found is None:
        raise NotFound(partner_id=partner_id)
    row = partner.c.partner_id == partner_id, partner.c.revoked_at.is_(None)
    if unit.connection.execute(update(partner).where(*row).values(revoked_at=now)).rowcount != 1:
        return
    if found.install_id is not None:
        end_install(unit.connection, found.install_id, now)
    note_of_org(unit, found.org_id, by, "revoke_partner", now, subject=partner_id, detail={"reason": reason})
