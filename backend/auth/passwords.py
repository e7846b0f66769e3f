"""Password hashes (Argon2id): slow on purpose, and equally slow for people who do not exist."""

from functools import cached_property

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from backend.settings import Settings


class Passwords:
    """Hashes and checks passwords; each call takes some 0.1 s of processor time, so call it outside transactions."""

    def __init__(self, settings: Settings) -> None:
        self._hasher = PasswordHasher(
            time_cost=settings.argon2_passes,
            memory_cost=settings.argon2_memory_kib,
            parallelism=settings.argon2_lanes,
        )

    def hash(self, password: str) -> str:
        """Return what the database keeps of a password."""
        return self._hasher.hash(password)

    def is_right(self, password: str, password_hash: str | None) -> bool:
        """Check a password; None, for a person who does not exist, takes the same time and is never right."""
        try:
            self._hasher.verify(password_hash or self._nobodys, password)
        except (VerificationError, InvalidHashError):
            return False
        return password_hash is not None

    def is_outdated(self, password_hash: str) -> bool:
        """Say whether a hash was made with other costs than today's."""
        return self._hasher.check_needs_rehash(password_hash)

    @cached_property
    def _nobodys(self) -> str:
        return self._hasher.hash("nobody's password")
