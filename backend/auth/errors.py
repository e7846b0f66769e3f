"""What enrolment, sign-in and the guards refuse."""

from contracts.errors import ErrorCode
from sync.errors import SyncError


class Unauthenticated(SyncError):
    """No access token that this server made, that still lives, for this install."""

    code = ErrorCode.UNAUTHENTICATED


class SignInFailed(SyncError):
    """Something was wrong; whoever asks learns no more than that."""

    code = ErrorCode.SIGN_IN_FAILED


class Locked(SyncError):
    """Too many failures in a row under this staff number."""

    code = ErrorCode.LOCKED


class PasswordExpired(SyncError):
    """Right, but too old or chosen by somebody else."""

    code = ErrorCode.PASSWORD_EXPIRED


class PasswordRefused(SyncError):
    """The new password breaks a rule."""

    code = ErrorCode.PASSWORD_REFUSED


class EnrolmentRefused(SyncError):
    """The enrolment code does not let this install in."""

    code = ErrorCode.ENROLMENT_REFUSED


class Revoked(SyncError):
    """The install or the person was revoked; `purges` are the orders that the tablet must carry out."""

    code = ErrorCode.REVOKED


class RefreshReused(SyncError):
    """A spent refresh token came back: two hold what one was given."""

    code = ErrorCode.REFRESH_REUSED


class Taken(SyncError):
    """Something else has this number already."""

    code = ErrorCode.TAKEN
