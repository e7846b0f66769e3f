"""What the engine refuses as a whole request; refusals of single mutations are outcomes, not exceptions."""

from typing import Any

from contracts.errors import ErrorCode


class SyncError(Exception):
    """A request that cannot be answered as asked; the doors turn it into problem+json."""

    code = ErrorCode.MALFORMED

    def __init__(self, detail: str = "", **args: Any) -> None:
        super().__init__(detail or self.code.meaning)
        self.detail = detail
        self.args_of_problem = args


class Malformed(SyncError):
    """The body is not what the contract says, and no single mutation can be blamed for it."""


class CursorInvalid(SyncError):
    """The cursor was not made by this server for this install."""

    code = ErrorCode.CURSOR_INVALID


class EpochMismatch(SyncError):
    """The push speaks to a database that this server never was."""

    code = ErrorCode.EPOCH_MISMATCH


class SchemaTooOld(SyncError):
    """The app is too old to pull."""

    code = ErrorCode.SCHEMA_TOO_OLD


class TooLarge(SyncError):
    """The request exceeds a limit of hello."""

    code = ErrorCode.TOO_LARGE


class NotFound(SyncError):
    """There is no such thing, or the caller may not know of it."""

    code = ErrorCode.NOT_FOUND


class Forbidden(SyncError):
    """The caller may not do this."""

    code = ErrorCode.FORBIDDEN


class OwnWork(SyncError):
    """Nobody decides about their own work."""

    code = ErrorCode.OWN_WORK


class CounterNotOpen(SyncError):
    """A counter that is paused or closed calls nobody."""

    code = ErrorCode.COUNTER_NOT_OPEN


class AlreadyDecided(SyncError):
    """Somebody settled this review before."""

    code = ErrorCode.ALREADY_DECIDED


class VisitChanged(SyncError):
    """What a decision is about has changed since the person looked at it."""

    code = ErrorCode.VISIT_CHANGED


class StillRefused(SyncError):
    """A retried mutation was refused again; its problem is in the arguments."""

    code = ErrorCode.STILL_REFUSED


class TooManyLeases(SyncError):
    """The install holds as many blocks of numbers as it may; it has to use or return some."""

    code = ErrorCode.TOO_MANY_REQUESTS


class BadSignature(SyncError):
    """A receipt that the device's key did not sign."""

    code = ErrorCode.BAD_SIGNATURE


class Busy(SyncError):
    """The store could not take the work now; nothing was committed."""

    code = ErrorCode.UNAVAILABLE
