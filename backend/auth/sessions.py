"""Sessions: begun by sign-in, kept alive by rotating refresh tokens, ended by sign-out, theft or a new password."""

import secrets
from datetime import datetime, timedelta
from uuid import uuid4

from backend.auth import queries
from backend.auth.errors import RefreshReused, Unauthenticated
from backend.auth.parts import Auth
from backend.auth.queries import SessionRow
from backend.auth.refresh import SEED_BYTES, RefreshToken, Verdict, judge, read_refresh_token
from backend.auth.standing import revoked
from backend.auth.trail import note_of_staff
from backend.domain.devices import queries as devices
from backend.domain.devices.queries import InstallRow
from backend.domain.staff.policy import scope_of
from backend.domain.staff.queries import StaffRow, assignments_of, find_staff
from backend.domain.staff.rules import is_expired
from backend.identity import TABLET_ROLES
from backend.storage.unit import SqlUnit
from contracts.auth import RefreshRequest, StaffCard, TokenResponse
from sync.errors import SyncError
from sync.kind import Actor
from sync.moments import write_moment


def begin_session(auth: Auth, unit: SqlUnit, person: StaffRow, install_id: str, now: datetime) -> TokenResponse:
    """Return the first tokens of a new session; whoever else was signed in on the install no longer is."""
    token = RefreshToken(session_id=str(uuid4()), n=0, secret=secrets.token_bytes(SEED_BYTES))
    at = write_moment(now)
    row = SessionRow(
        session_id=token.session_id, install_id=install_id, staff_no=person.staff_no, started_at=at, refreshed_at=at,
        expires_at=write_moment(_session_end(auth, person, now)), refresh_n=0, refresh_hash=token.hash,
    )  # fmt: skip
    queries.end_sessions_of_others(unit.connection, install_id, person.staff_no, at)
    queries.add_session(unit.connection, row, now)
    devices.note_seen(unit.connection, install_id, person.staff_no, at)
    return _tokens(auth, unit, person, row, token, now)


def refresh(auth: Auth, request: RefreshRequest) -> TokenResponse:
    """Trade a refresh token for a new pair.

    The token just spent may be retried for `refresh_grace_s`: the same refresh token comes back, with a fresh
    access token. Any older one ends the session and is a security event.

    Raises Unauthenticated, RefreshReused, Revoked.
    """
    answer = auth.store.write(lambda unit: _refresh(auth, unit, request))
    if isinstance(answer, SyncError):
        raise answer
    return answer


def sign_out(auth: Auth, actor: Actor) -> None:
    """End the person's sessions on this install."""
    auth.store.write(lambda unit: _sign_out(unit, actor, auth.now()))


def _sign_out(unit: SqlUnit, actor: Actor, now: str) -> None:
    queries.end_sessions_on(unit.connection, actor.install_id, actor.staff_no, "signed_out", now)
    note_of_staff(unit, actor.staff_no, actor.staff_no, "sign_out", now, subject=actor.install_id)


def _refresh(auth: Auth, unit: SqlUnit, request: RefreshRequest) -> TokenResponse | SyncError:
    now = auth.clock()
    token = read_refresh_token(request.refresh_token)
    row = queries.find_session(unit.connection, token.session_id) if token else None
    if token is None or row is None or row.install_id != request.install_id:
        return Unauthenticated("the refresh token is not one of ours")
    verdict, given = judge(
        token, row.refresh_n, row.refresh_hash, row.refreshed_at,
        server_secret=auth.secret, now=now, grace_s=auth.settings.refresh_grace_s,
    )  # fmt: skip
    if verdict is Verdict.UNKNOWN:
        return Unauthenticated("the refresh token is not one of ours")
    install = devices.find_install(unit.connection, row.install_id)
    person = find_staff(unit.connection, row.staff_no)
    assert install is not None
    assert person is not None
    if (why := _why_over(auth, unit, row, install, person, now)) is not None:
        return why
    if verdict is Verdict.REUSED:
        return _end_family(unit, row, write_moment(now))
    if verdict is Verdict.ROTATE:
        _rotate(auth, unit, row, person, given, now)
    return _tokens(auth, unit, person, row, given, now)


def _why_over(
    auth: Auth, unit: SqlUnit, row: SessionRow, install: InstallRow, person: StaffRow, now: datetime
) -> SyncError | None:
    if install.revoked_at is not None or person.revoked_at is not None:
        return revoked(unit, install.install_id)
    if row.ended_at is not None or row.expires_at <= write_moment(now):
        return Unauthenticated("the session is over")
    if is_expired(person.password_changed_at, now, auth.password_rules):
        return Unauthenticated("the password has expired; sign in with a new one")
    return None


def _end_family(unit: SqlUnit, row: SessionRow, now: str) -> RefreshReused:
    queries.end_session(unit.connection, row.session_id, "reused", now)
    note_of_staff(unit, row.staff_no, "device", "refresh", now, subject=row.install_id, result="refresh_reused")
    return RefreshReused()


def _rotate(auth: Auth, unit: SqlUnit, row: SessionRow, person: StaffRow, given: RefreshToken, now: datetime) -> None:
    at, end = write_moment(now), write_moment(_session_end(auth, person, now))
    queries.rotate_session(unit.connection, row.session_id, given.n, given.hash, at, end)
    devices.note_seen(unit.connection, row.install_id, row.staff_no, at)


def _session_end(auth: Auth, person: StaffRow, now: datetime) -> datetime:
    if person.roles & TABLET_ROLES:
        return now + timedelta(days=auth.settings.session_d)
    return now + timedelta(seconds=max(auth.settings.idle_s, auth.settings.access_token_s))


def _tokens(
    auth: Auth, unit: SqlUnit, person: StaffRow, row: SessionRow, token: RefreshToken, now: datetime
) -> TokenResponse:
    assigned = assignments_of(unit.connection, person.staff_no)
    scope = scope_of(person.staff_no, row.install_id, person.org_id, person.roles, assigned)
    card = StaffCard(
        staff_no=person.staff_no, name=person.name, roles=sorted(person.roles), org_id=person.org_id,
        buckets=sorted(scope.buckets),
    )  # fmt: skip
    return TokenResponse(
        access_token=auth.tokens.make(person.staff_no, row.install_id, row.session_id, now),
        expires_in_s=auth.tokens.life_s, refresh_token=token.write(), staff=card,
    )  # fmt: skip
