"""What the door of teller systems refuses."""

from contracts.errors import ErrorCode
from sync.errors import SyncError


class PickUpRefused(SyncError):
    """No form waits under this code or number; whoever asks learns no more than that."""

    code = ErrorCode.PICK_UP_REFUSED


class RequestReused(SyncError):
    """This request id was used for something else."""

    code = ErrorCode.REQUEST_REUSED


class FormElsewhere(SyncError):
    """The form is in another state by now."""

    code = ErrorCode.FORM_STATE


class ResultInvalid(SyncError):
    """What is told of a form does not hold."""

    code = ErrorCode.VALIDATION_FAILED


class SecretTold(SyncError):
    """A teller system told a password or PIN."""

    code = ErrorCode.SECRET_REFUSED
