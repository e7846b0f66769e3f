"""Chores of a session: purge receipts, leases and photos, each harmless to repeat."""

from collections.abc import Callable
from typing import TypeVar

from contracts.errors import ErrorCode
from contracts.leases import LeaseReturn
from contracts.purges import PurgeAckRequest, PurgeOrder
from sync.tablet.errors import Refused
from sync.tablet.leases import Line
from sync.tablet.parts import Parts

T = TypeVar("T")


class Chores:
    """What a session does beside push and pull."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def hand_in_receipts(self) -> None:
        """Send the receipts that the server has not settled, one by one: one it does not know stops no other."""
        parts = self._parts
        for receipt in parts.purges.receipts(parts.key):
            try:
                self._call(parts.transport.acknowledge_purges, PurgeAckRequest(receipts=[receipt]))
            except Refused as refused:
                if not refused.says(ErrorCode.NOT_FOUND):  # a restored server has forgotten that it asked
                    raise
            parts.purges.note_settled(receipt.purge)

    def obey(self, orders: list[PurgeOrder]) -> None:
        """Delete everything but what could not be handed in, and receipt it."""
        parts = self._parts
        with parts.database.transaction():
            for order in orders:
                parts.purges.order(order.purge, order.buckets, order.deadline, order.cause)
        parts.forget_everything()
        self.hand_in_receipts()

    def return_leases(self) -> None:
        """Give back the numbers of days that have ended."""
        parts = self._parts
        for lease_id, unused in parts.leases.returnable():
            try:
                self._call(parts.transport.return_lease, lease_id, LeaseReturn(unused=unused))
            except Refused as refused:
                if not refused.says(ErrorCode.NOT_FOUND):
                    raise
            parts.leases.note_returned(lease_id)

    def refill_leases(self) -> None:
        """Get a block for every line that runs short."""
        for line, want in self._parts.leases.short_lines():
            self.acquire(line, want, [])

    def acquire(self, line: Line, want: int, held: list[str]) -> None:
        """Get a block, showing the tokens in `held` along with it."""
        parts = self._parts
        with parts.database.transaction():
            request = parts.leases.request(line, want, parts.new_id, held)
        try:
            lease = self._call(parts.transport.acquire_lease, request)
        except Refused as refused:
            if not refused.says(ErrorCode.NOT_FOUND):
                raise
            parts.leases.end_line(line)  # the branch is not this person's any more
            return
        with parts.database.transaction():
            parts.leases.keep(lease)

    def upload(self) -> int:
        """Upload what is owed and return how many files that were."""
        parts, count = self._parts, 0
        while photo := parts.photos.next_owed():
            url = photo.upload_url or self._call(parts.transport.begin_upload, photo)
            parts.photos.note_begun(photo.sha256, url)
            try:
                self._call(parts.transport.continue_upload, photo, url)
            except Refused as refused:
                if refused.says(ErrorCode.NOT_FOUND) or refused.says(ErrorCode.GONE_FILE):
                    parts.photos.note_begun(photo.sha256, None)  # it expired; the next sync begins anew
                raise
            parts.photos.note_uploaded(photo.sha256)
            count += 1
        return count

    def _call(self, ask: Callable[..., T], *args: object) -> T:
        return self._parts.patience.call(ask, *args)
