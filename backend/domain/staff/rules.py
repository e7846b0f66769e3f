"""What a password must be, how long it lasts, and when failures lock a person out (MLPS 2.0 level 3)."""

from datetime import datetime, timedelta

from msgspec import Struct

from sync.moments import read_moment, write_moment

NEVER = "0001-01-01T00:00:00.000Z"  # a password somebody else chose: older than any limit
PASSWORD_LENGTH_MAX = 128


class PasswordRules(Struct, frozen=True, kw_only=True):
    """How long, how mixed and how old a password may be."""

    length_min: int = 8
    classes_min: int = 3
    age_d: int = 90


class Lockout(Struct, frozen=True, kw_only=True):
    """How many failures in a row lock, and for how long."""

    failures_max: int = 5
    locked_s: int = 1800


class Failures(Struct, frozen=True, kw_only=True):
    """Failed sign-ins in a row under one staff number, whether or not anybody has it."""

    count: int = 0
    last_at: str = NEVER
    locked_until: str | None = None


def password_weakness(password: str, staff_no: str, rules: PasswordRules) -> str | None:
    """Return what is wrong with a new password, or None."""
    if not rules.length_min <= len(password) <= PASSWORD_LENGTH_MAX:
        return f"a password has {rules.length_min} to {PASSWORD_LENGTH_MAX} characters"
    if len(character_classes(password)) < rules.classes_min:
        return f"a password has {rules.classes_min} of lower case, upper case, digits, others"
    if staff_no.casefold() in password.casefold():
        return "a password does not contain the staff number"
    return None


def character_classes(password: str) -> frozenset[str]:
    """Return which kinds of characters occur: lower, upper, digit, other."""
    return frozenset(_class_of(character) for character in password)


def is_expired(changed_at: str, now: datetime, rules: PasswordRules) -> bool:
    """Say whether a password is too old to be used."""
    changed = read_moment(changed_at)
    return changed is None or now - changed > timedelta(days=rules.age_d)


def is_locked(failures: Failures, now: datetime) -> bool:
    """Say whether a lockout is in force."""
    return failures.locked_until is not None and write_moment(now) < failures.locked_until


def after_failure(failures: Failures, now: datetime, lockout: Lockout) -> Failures:
    """Return the count after one more failure; a lockout that has passed began a new count."""
    count = 1 if failures.locked_until is not None else failures.count + 1
    locked = write_moment(now + timedelta(seconds=lockout.locked_s)) if count >= lockout.failures_max else None
    return Failures(count=count, last_at=write_moment(now), locked_until=locked)


def _class_of(character: str) -> str:
    if character.isdigit():
        return "digit"
    if character.islower():
        return "lower"
    return "upper" if character.isupper() else "other"
