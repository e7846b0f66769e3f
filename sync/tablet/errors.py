"""What a tablet cannot do: the line failed, the server refused, or the tablet itself says no."""

from typing import Any

import msgspec

from contracts.errors import BY_CODE, ErrorCode, ProblemDocument
from contracts.purges import PurgeOrder


class LineFailed(Exception):
    """No answer came; whether the server did the work is unknown, and asking again is harmless."""


class Refused(Exception):
    """The server answered with a problem document; branch on `code`, never on the sentence."""

    def __init__(self, document: ProblemDocument) -> None:
        super().__init__(f"{document.code}: {document.detail or document.title}")
        self.document = document
        self.code = document.code
        self.args_of_problem: dict[str, Any] = document.args

    def says(self, error: ErrorCode) -> bool:
        """Say whether the refusal is this one."""
        return BY_CODE.get(self.code) is error

    def purge_orders(self) -> list[PurgeOrder]:
        """Return the orders that a `revoked` answer carries."""
        return msgspec.convert(self.args_of_problem.get("purges", []), list[PurgeOrder])


class TabletError(Exception):
    """The tablet itself refuses; nothing was written."""


class RecordMissing(TabletError):
    """There is no such record on this tablet."""


class MutationTooLarge(TabletError):
    """One mutation must not exceed the limit; photos travel as files."""


class PhotoTooLarge(TabletError):
    """A file must not exceed the limit; make it smaller."""


class SecretTyped(TabletError):
    """A password, PIN or card secret is never stored, not even on the way."""


class OutboxOwned(TabletError):
    """Unsent work belongs to who typed it; they must hand it in before another person signs in."""


class NumbersExhausted(TabletError):
    """No lease, and no letter yet for the overflow series: this tablet never had a lease."""
