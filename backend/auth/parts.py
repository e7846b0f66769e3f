"""What enrolment, sign-in and administration work with, put together once at start."""

from collections.abc import Callable
from datetime import datetime
from functools import cached_property

from backend.auth.access import AccessTokens
from backend.auth.passwords import Passwords
from backend.domain.staff.rules import Lockout, PasswordRules
from backend.settings import Settings
from backend.storage.sql_store import SqlStore
from sync.moments import write_moment


class Auth:
    """The store, the server's secret, the clock and the settings, and what follows from them.

    `clock` returns aware UTC; `secret` is the server's own, the same in all processes on one database.
    """

    def __init__(self, store: SqlStore, secret: bytes, clock: Callable[[], datetime], settings: Settings) -> None:
        self.store = store
        self.secret = secret
        self.clock = clock
        self.settings = settings
        self.passwords = Passwords(settings)
        self.tokens = AccessTokens(secret, settings.access_token_s)

    def now(self) -> str:
        """Return this moment as the wire writes it."""
        return write_moment(self.clock())

    @cached_property
    def password_rules(self) -> PasswordRules:
        """How passwords must be."""
        return PasswordRules(
            length_min=self.settings.password_length_min,
            classes_min=self.settings.password_classes_min,
            age_d=self.settings.password_age_d,
        )

    @cached_property
    def lockout(self) -> Lockout:
        """When failures lock a person out."""
        return Lockout(failures_max=self.settings.lockout_failures, locked_s=self.settings.lockout_s)
