"""Custody: what each install holds, what it was told to give back, and its word that it did (C7)."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from contracts.pull import Removal
from contracts.purges import PurgeAckRequest, PurgeAckResponse, PurgeOrder
from sync.kind import Actor
from sync.moments import write_moment
from sync.purges import settle_receipts
from sync.scope import EVERYTHING, REVOKED, SCOPE, as_order, as_removal, new_order, open_order, withdraw
from sync.store import PurgeRow, Store, Unit

INSTALLS_MAX = 100_000  # installs whose last note is kept in memory


class Custody:
    """Keeps the book of who holds what; written before data goes out, so that it never says too little."""

    def __init__(
        self,
        store: Store,
        clock: Callable[[], datetime],
        new_id: Callable[[], str],
        *,
        deadline_h: float,
        note_s: float,
    ) -> None:
        """`deadline_h`: an order is due so long after it; `note_s`: cursors are written down so often."""
        self._store, self._clock, self._new_id = store, clock, new_id
        self._deadline_h, self._note_s = deadline_h, note_s
        self._noted: dict[str, tuple[frozenset[str], datetime]] = {}

    def is_news(self, actor: Actor) -> bool:
        """Say whether an answer to this actor must be noted first: other buckets than before, or long ago."""
        buckets, at = self._noted.get(actor.install_id, (None, None))
        return at is None or buckets != actor.buckets or (self._clock() - at).total_seconds() >= self._note_s

    def note(self, actor: Actor, seqs: Mapping[str, int]) -> None:
        """Write down that an install is about to hold these buckets; orders for what came back are withdrawn."""
        now = self._clock()

        def work(unit: Unit) -> None:
            unit.note_received(actor.install_id, seqs, write_moment(now))
            for order in withdraw(unit.purges(actor.install_id), actor.buckets):
                unit.save_purge(order)

        self._store.write(work)
        if len(self._noted) >= INSTALLS_MAX:
            self._noted.clear()
        self._noted[actor.install_id] = (actor.buckets, now)

    def order_removals(self, install_id: str, lost: Sequence[str]) -> list[Removal]:
        """Return the removals of lost buckets, each with its order, which is made once."""

        def work(unit: Unit) -> list[Removal]:
            purges = unit.purges(install_id)
            return [
                as_removal(open_order(purges, bucket) or self._order(unit, install_id, bucket), bucket)
                for bucket in lost
            ]

        return self._store.write(work)

    def order_everything(self, install_id: str) -> list[PurgeOrder]:
        """Order a revoked install to delete all it holds, once, and return its open orders."""

        self._store.write(
            lambda unit: order_everything(
                unit, self._new_id(), install_id, now=self._clock(), deadline_h=self._deadline_h
            )
        )
        return self.list_open(install_id)

    def list_open(self, install_id: str) -> list[PurgeOrder]:
        """Return the orders that an install has not acknowledged."""
        purges = self._store.read(lambda snapshot: snapshot.purges(install_id))
        return [as_order(purge) for purge in purges if purge.is_open]

    def acknowledge(self, request: PurgeAckRequest, install_id: str) -> PurgeAckResponse:
        """Take signed receipts. Raises BadSignature, NotFound."""
        at = write_moment(self._clock())
        settled = self._store.write(lambda unit: settle_receipts(unit, request, install_id, at))
        return PurgeAckResponse(settled=settled, open=self.list_open(install_id))

    def _order(self, unit: Unit, install_id: str, bucket: str) -> PurgeRow:
        order = new_order(
            self._new_id(), install_id, [bucket], cause=SCOPE, now=self._clock(), deadline_h=self._deadline_h
        )  # fmt: skip
        unit.save_purge(order)
        return order


def order_everything(unit: Unit, purge: str, install_id: str, *, now: datetime, deadline_h: float) -> None:
    """Order a revoked install to delete all it holds, unless it is ordered to already."""
    if any(order.is_open and order.cause == REVOKED for order in unit.purges(install_id)):
        return
    held = [*unit.received(install_id), EVERYTHING]
    unit.save_purge(new_order(purge, install_id, held, cause=REVOKED, now=now, deadline_h=deadline_h))
    unit.note_received(install_id, {}, write_moment(now))  # its cursors hold no compaction back (protocol.md §7)
