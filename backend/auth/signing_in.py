"""Sign-in: a password, and a proof by the device's key; every wrong secret gets the same answer."""

from datetime import datetime

from msgspec import Struct

from backend.auth.errors import Locked, PasswordExpired, PasswordRefused, SignInFailed
from backend.auth.parts import Auth
from backend.auth.sessions import begin_session
from backend.auth.standing import revoked
from backend.auth.trail import note_of_org, note_of_staff
from backend.domain.devices import queries as devices
from backend.domain.devices.queries import InstallRow
from backend.domain.staff import queries as people
from backend.domain.staff.queries import StaffRow
from backend.domain.staff.rules import Failures, after_failure, is_expired, is_locked, password_weakness
from backend.storage.snapshot import SqlSnapshot
from backend.storage.unit import SqlUnit
from contracts.auth import SignInRequest, TokenResponse
from sync.challenge import challenges_at, is_proven
from sync.errors import SyncError
from sync.moments import read_moment, write_moment


class Attempt(Struct, frozen=True, kw_only=True):
    """What is known of a sign-in before anything is written."""

    install: InstallRow
    person: StaffRow | None
    is_proven: bool
    is_password_right: bool
    new_hash: str | None = None  # of a password that replaces this one, or of this one at today's cost


def sign_ins_of(auth: Auth, install_id: str) -> int:
    """Return an install's count of sign-ins, from which hello makes the challenge; a stranger's install has none."""
    install = auth.store.read(lambda look: devices.find_install(look.connection, install_id))
    return install.sign_in_count if install else 0


def sign_in(auth: Auth, request: SignInRequest) -> TokenResponse:
    """Return the tokens of a new session.

    Takes some 0.1 s of processor time, whoever asks. Raises SignInFailed, Locked, PasswordExpired,
    PasswordRefused, Revoked.
    """
    now = auth.clock()
    install, person, failures = auth.store.read(lambda look: _look(look, request))
    if is_locked(failures, now):
        raise _locked(failures, now)
    is_right = auth.passwords.is_right(request.password, person.password_hash if person else None)
    if install is None:
        raise SignInFailed
    attempt = Attempt(
        install=install,
        person=person,
        is_password_right=is_right,
        is_proven=_is_proven(auth, request, install, now),
        new_hash=_new_hash(auth, request, person) if is_right else None,
    )
    answer = auth.store.write(lambda unit: _settle(auth, unit, request, attempt, now))
    if isinstance(answer, SyncError):
        raise answer
    return answer


def _look(look: SqlSnapshot, request: SignInRequest) -> tuple[InstallRow | None, StaffRow | None, Failures]:
    return (
        devices.find_install(look.connection, request.install_id),
        people.find_staff(look.connection, request.staff_no),
        people.failures_of(look.connection, request.staff_no),
    )


def _is_proven(auth: Auth, request: SignInRequest, install: InstallRow, now: datetime) -> bool:
    install_id, window_s = install.install_id, auth.settings.challenge_window_s
    challenges = challenges_at(auth.secret, install_id, install.sign_in_count, now, window_s)
    return is_proven(install.public_key, challenges, install_id, request.staff_no, request.proof)


def _new_hash(auth: Auth, request: SignInRequest, person: StaffRow | None) -> str | None:
    if request.new_password is not None:
        return auth.passwords.hash(request.new_password)
    if person is not None and auth.passwords.is_outdated(person.password_hash):
        return auth.passwords.hash(request.password)
    return None


def _settle(
    auth: Auth, unit: SqlUnit, request: SignInRequest, attempt: Attempt, now: datetime
) -> TokenResponse | SyncError:
    """Return tokens, or the refusal that must be remembered before it is raised."""
    failures = people.failures_of(unit.connection, request.staff_no, lock=True)
    if is_locked(failures, now):  # somebody else's attempt, while this one was computing
        return _locked(failures, now)
    install, person = attempt.install, attempt.person
    is_fresh = attempt.is_proven and devices.use_challenge(unit.connection, install.install_id, install.sign_in_count)
    is_current = people.find_staff(unit.connection, request.staff_no) == person  # no new password meanwhile
    if person is None or not (is_fresh and is_current and attempt.is_password_right):
        return _fail(auth, unit, request, attempt, failures, now)
    if person.revoked_at is not None or install.revoked_at is not None:
        return revoked(unit, install.install_id)
    if (refusal := _why_password_refused(auth, request, person, now)) is not None:
        return refusal
    return _succeed(auth, unit, request, person, attempt, now)


def _succeed(
    auth: Auth, unit: SqlUnit, request: SignInRequest, person: StaffRow, attempt: Attempt, now: datetime
) -> TokenResponse:
    at = write_moment(now)
    people.clear_failures(unit.connection, person.staff_no)
    if attempt.new_hash is not None:
        changed_at = person.password_changed_at if request.new_password is None else at
        people.set_password(unit.connection, person.staff_no, attempt.new_hash, changed_at)
    changes = {"password": "changed"} if request.new_password is not None else {}
    subject = attempt.install.install_id
    note_of_staff(unit, person.staff_no, person.staff_no, "sign_in", at, subject=subject, detail=changes)
    return begin_session(auth, unit, person, attempt.install.install_id, now)


def _why_password_refused(auth: Auth, request: SignInRequest, person: StaffRow, now: datetime) -> SyncError | None:
    if request.new_password is None:
        is_old = is_expired(person.password_changed_at, now, auth.password_rules)
        return PasswordExpired() if is_old else None
    if request.new_password == request.password:
        return PasswordRefused("the new password is the old one")
    weakness = password_weakness(request.new_password, person.staff_no, auth.password_rules)
    return PasswordRefused(weakness) if weakness else None


def _fail(
    auth: Auth, unit: SqlUnit, request: SignInRequest, attempt: Attempt, failures: Failures, now: datetime
) -> SignInFailed:
    """Count the failure. A number that nobody has is not written down: it may be a password in the wrong field."""
    counted = after_failure(failures, now, auth.lockout)
    people.save_failures(unit.connection, request.staff_no, counted, now)
    at, result = write_moment(now), "locked" if counted.locked_until else "sign_in_failed"
    subject = attempt.install.install_id
    if attempt.person is not None:
        note_of_staff(unit, attempt.person.staff_no, "device", "sign_in", at, subject=subject, result=result)
    else:
        note_of_org(unit, attempt.install.org_id, "device", "sign_in", at, subject=subject, result=result)
    return SignInFailed()


def _locked(failures: Failures, now: datetime) -> Locked:
    until = read_moment(failures.locked_until or "")
    assert until is not None
    return Locked(locked_until=failures.locked_until, retry_after_ms=int((until - now).total_seconds() * 1000))
