"""The guard: who asks, by one indexed read at every request, so that a revocation counts at the next one.

`Authenticator.authenticate(authorization, sync_install, sync_schema=None) -> Actor` is what doors call; with Litestar
they declare `actor: NamedDependency[Actor]` and get it from `backend.auth.routes.provide_auth`.
"""

from datetime import datetime
from typing import Any

from msgspec import Struct
from sqlalchemy import bindparam, select

from backend.auth.access import Claims
from backend.auth.errors import Unauthenticated
from backend.auth.parts import Auth
from backend.auth.standing import revoked
from backend.auth.tables import session
from backend.domain.devices.models import device_install
from backend.domain.staff.models import assignment, staff
from backend.domain.staff.policy import Assignment, scope_of
from sync.kind import Actor

Rows = list[tuple[Any, ...]]

MEMORY_MAX = 8192  # actors kept beside the rows that they were made from

# Everything about a session in one read: its standing, its install's, its person's, and what is assigned to them.
STANDING = (
    select(
        session.c.ended_at,
        device_install.c.revoked_at,
        staff.c.revoked_at,
        device_install.c.schema,
        staff.c.org_id,
        staff.c.roles,
        assignment.c.bucket,
        assignment.c.from_at,
        assignment.c.until_at,
    )
    .join(device_install, device_install.c.install_id == session.c.install_id)
    .join(staff, staff.c.staff_no == session.c.staff_no)
    .outerjoin(assignment, assignment.c.staff_no == session.c.staff_no)
    .where(session.c.session_id == bindparam("session_id"))
)


class Known(Struct, frozen=True):
    """An actor, and the rows it follows from."""

    rows: Rows
    actor: Actor


class Authenticator:
    """Tells who asks. Signatures and actors are remembered, the database is asked every time."""

    def __init__(self, auth: Auth) -> None:
        self._auth = auth
        self._sql = auth.store.compile(STANDING)
        self._known: dict[str, Known] = {}

    def authenticate(
        self, authorization: str | None, sync_install: str | None = None, sync_schema: int | None = None
    ) -> Actor:
        """Return who asks, with the buckets that are theirs at this moment.

        `sync_install` must be the token's install if it is given; `sync_schema` is today's app, else the enrolled one.
        Raises Revoked with the install's purge orders, and Unauthenticated for everything else.
        """
        claims = self._auth.tokens.read(authorization)
        if sync_install is not None and sync_install != claims.ins:
            raise Unauthenticated("the access token belongs to another install")
        rows = self._auth.store.ask(self._sql, claims.sid)
        self._check(claims, rows, self._auth.clock())
        actor = self._actor(claims, rows)
        if sync_schema is None or sync_schema == actor.schema:
            return actor
        return _with_schema(actor, sync_schema)

    def identify(self, authorization: str | None, sync_install: str | None = None) -> Claims:
        """Return whose token this is although it may have expired or been revoked; good for purge receipts only.

        A receipt is believed for the device's signature on it. Raises Unauthenticated.
        """
        claims = self._auth.tokens.read(authorization)
        if sync_install is not None and sync_install != claims.ins:
            raise Unauthenticated("the access token belongs to another install")
        return claims

    def _check(self, claims: Claims, rows: Rows, now: datetime) -> None:
        if not rows:
            raise Unauthenticated("the session is over")
        ended_at, install_revoked_at, person_revoked_at = rows[0][:3]
        if install_revoked_at is not None or person_revoked_at is not None:
            raise self._auth.store.read(lambda look: revoked(look, claims.ins))
        if ended_at is not None:
            raise Unauthenticated("the session is over")
        if claims.exp <= now.timestamp():
            raise Unauthenticated("the access token has expired; refresh it")

    def _actor(self, claims: Claims, rows: Rows) -> Actor:
        known = self._known.get(claims.sid)
        if known is not None and known.rows == rows:
            return known.actor
        actor = _read_actor(claims, rows)
        if len(self._known) >= MEMORY_MAX:
            self._known.clear()
        self._known[claims.sid] = Known(rows, actor)
        return actor


def _read_actor(claims: Claims, rows: Rows) -> Actor:
    schema, org_id, roles_text = rows[0][3:6]
    roles = frozenset(roles_text.split())
    assigned = [Assignment(bucket=row[6], from_at=row[7], until_at=row[8]) for row in rows if row[6] is not None]
    scope = scope_of(claims.sub, claims.ins, org_id, roles, assigned)
    return Actor(
        install_id=claims.ins, staff_no=claims.sub, org_id=org_id, roles=roles,
        buckets=scope.buckets, past=scope.past, schema=schema,
    )  # fmt: skip


def _with_schema(actor: Actor, schema: int) -> Actor:
    return Actor(
        install_id=actor.install_id, staff_no=actor.staff_no, org_id=actor.org_id, roles=actor.roles,
        buckets=actor.buckets, past=actor.past, schema=schema,
    )  # fmt: skip
