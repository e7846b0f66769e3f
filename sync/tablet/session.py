"""One session with the server: hand in what was typed, take in what changed, prove that both ends agree."""

from collections.abc import Callable
from typing import TypeVar

from msgspec import Raw, Struct

from contracts.errors import ErrorCode
from contracts.hello import HelloResponse
from contracts.pull import Digest, PullRequest, PullResponse
from contracts.purges import PurgeOrder
from contracts.push import PushRequest
from sync.moments import shift_moment
from sync.tablet.chores import Chores
from sync.tablet.errors import Refused
from sync.tablet.parts import Parts
from sync.tablet.purges import EVERYTHING

T = TypeVar("T")

PAGES_MAX = 10_000  # of one round
PUSHES_MAX = 10_000  # of one session


class Report(Struct, kw_only=True):
    """What one sync did."""

    pushed: int = 0  # mutations that have an outcome now
    changes: int = 0  # feed rows pulled
    mended: int = 0  # records that differed and were repaired
    photos: int = 0
    must_update: bool = False  # this app may push but no longer pull (426)
    unsent: int = 0  # mutations still without an outcome


class Session:
    """Speaks the protocol over one transport; remembers between syncs only what hello said."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._chores = Chores(parts)
        self._hello: HelloResponse | None = None
        self._orders: list[PurgeOrder] = []  # to delete everything
        self._first_n = parts.outbox.next_n()  # of the mutations made since this tablet was opened
        self._has_contact = False
        self._trimmed_on = ""
        self._report = Report()

    def sync(self, *, wait_s: float = 0) -> Report:
        """Do everything that is due and return what was done.

        Raises LineFailed or Refused when the line or the server gives out; whatever was done until then
        stands, and the next sync goes on from there. A `revoked` refusal is obeyed before it is raised.
        """
        self._report = Report()
        try:
            self._sync(wait_s)
        except Refused as refused:
            if refused.says(ErrorCode.REVOKED):
                self._chores.obey(refused.purge_orders())
                self._parts.database.execute("UPDATE install SET access_token = NULL, refresh_token = NULL")
            raise
        self._report.unsent = self._parts.outbox.unsent_count()
        return self._report

    def hello(self) -> HelloResponse:
        """Return what the server says of itself, fresh."""
        self._hello = self._call(self._parts.transport.hello)
        self._parts.hear_time(self._hello.server_time)
        self._parts.database.execute("UPDATE install SET contact_d = ?", (self._hello.offline.contact_d,))
        self._hear(self._hello.purges)
        return self._hello

    def _sync(self, wait_s: float) -> None:
        self._greet()
        self._push()
        if self._orders:  # somebody was revoked who worked here before: this person begins with an empty tablet
            self._chores.obey(self._orders)
            self._orders = []
        theirs = self._pull(wait_s)
        if theirs is not None and self._parts.outbox.unsent_count():  # it was restored, or somebody typed meanwhile
            self._push()
            theirs = self._pull(0)
        if theirs is not None:
            self._mend(theirs)
        self._purge()
        self._chores.return_leases()
        self._chores.refill_leases()
        self._report.photos = self._chores.upload()
        self._trim()

    # --- greeting

    def _greet(self) -> None:
        """Learn what must be known before a push."""
        parts, hello = self._parts, self._hello
        epoch, shown = parts.database.execute("SELECT epoch, shown_epoch FROM install").fetchone()
        if hello is None or epoch not in (None, hello.epoch):
            hello = self.hello()
        if shown != hello.epoch:
            self._present_leases(hello.epoch)
        if not self._has_contact and parts.outbox.unsent_count():
            self._check_numbers()
        self._has_contact = True

    def _present_leases(self, epoch: str) -> None:
        """Show a new incarnation of the server the leases that it may have forgotten."""
        parts = self._parts
        with parts.database.transaction():
            held = parts.leases.present()
        if held and (line := parts.leases.line_to_ask_for()):
            self._chores.acquire(*line, held)
        parts.database.execute("UPDATE install SET shown_epoch = ?, epoch = coalesce(epoch, ?)", (epoch, epoch))

    def _check_numbers(self) -> None:
        """Ask how far the server has this install, before numbers are used that an older state may have used."""
        response = self._call(self._parts.transport.push, PushRequest(mutations=[]))
        if response.ack_n >= self._first_n:
            self._parts.renumber(self._first_n, response.ack_n + 1)

    def _hear(self, orders: list[PurgeOrder]) -> None:
        """Take open orders for buckets that are gone, and keep those for everything until work is handed in.

        A bucket that is held is named by pull in its time: it may have come back into scope before its order
        was heard.
        """
        held = self._parts.replica.digests().keys()
        self._orders = [order for order in orders if EVERYTHING in order.buckets]
        with self._parts.database.transaction():
            for order in orders:
                if EVERYTHING not in order.buckets and not held & set(order.buckets):
                    self._parts.purges.order(order.purge, order.buckets, order.deadline, order.cause)

    # --- push

    def _push(self) -> None:
        hello = self._hello
        assert hello is not None
        count_max = hello.limits.push_mutations_max
        for _ in range(PUSHES_MAX):
            batch = self._parts.outbox.batch(count_max, hello.limits.push_bytes_max)
            if not batch:
                return
            try:
                has_moved = self._push_batch(batch)
            except Refused as refused:
                if refused.says(ErrorCode.TOO_LARGE) and len(batch) > 1:
                    count_max = len(batch) // 2
                    continue
                if not refused.says(ErrorCode.EPOCH_MISMATCH) or not self._meet_new_epoch():
                    raise
                continue
            if not has_moved:
                return

    def _push_batch(self, batch: list[tuple[int, str]]) -> bool:
        """Send one batch and say whether it got anywhere."""
        parts = self._parts
        parts.outbox.note_sent(batch)
        (epoch,) = parts.database.execute("SELECT epoch FROM install").fetchone()
        request = PushRequest(epoch=epoch, mutations=[Raw(wire.encode()) for _, wire in batch])
        response = self._call(parts.transport.push, request)
        before = parts.outbox.unsent_count()
        with parts.database.transaction():
            parts.outbox.settle(response, parts.server_now())
        parts.close_gap(response.ack_n)
        moved = before - parts.outbox.unsent_count()
        self._report.pushed += max(0, moved)
        if response.retry_after_ms is not None:
            parts.patience.pause(0, response.retry_after_ms)
        return moved != 0 or response.expected_n is not None

    def _meet_new_epoch(self) -> bool:
        """Say hello to a server that was restored, and say whether it was; the journal heals it (P7)."""
        known: str | None
        (known,) = self._parts.database.execute("SELECT epoch FROM install").fetchone()
        epoch = self.hello().epoch
        self._parts.database.execute("UPDATE install SET epoch = ?", (epoch,))
        self._present_leases(epoch)
        return epoch != known

    # --- pull

    def _pull(self, wait_s: float) -> dict[str, Digest] | None:
        """Pull until a round is complete and return the server's digests; None if this app is too old to pull."""
        parts = self._parts
        for _ in range(PAGES_MAX):
            try:
                page = self._call(parts.transport.pull, self._pull_request(wait_s))
            except Refused as refused:
                if refused.says(ErrorCode.SCHEMA_TOO_OLD):
                    self._report.must_update = True
                    return None
                if refused.says(ErrorCode.CURSOR_INVALID) and parts.rounds.cursor() is not None:
                    parts.rounds.abandon()
                    continue
                raise
            self._take(page)
            if page.complete:
                return page.digests
        raise AssertionError("a round never ends")

    def _pull_request(self, wait_s: float) -> PullRequest:
        return PullRequest(cursor=self._parts.rounds.cursor(), wait_s=wait_s, have=self._parts.replica.digests())

    def _take(self, page: PullResponse) -> None:
        assert self._hello is not None
        self._parts.rounds.take(page, self._parts.now())
        self._report.changes += len(page.changes)
        if page.epoch != self._hello.epoch:
            self._meet_new_epoch()

    def _mend(self, theirs: dict[str, Digest]) -> None:
        mine = self._parts.replica.digests()
        for bucket, digest in sorted(theirs.items()):
            held = mine.get(bucket)
            if (held.n, held.d) != (digest.n, digest.d) if held else digest.n:
                try:
                    self._report.mended += self._parts.repair().mend(bucket, digest, self._parts.now())
                except Refused as refused:
                    if not refused.says(ErrorCode.NOT_FOUND):  # it left the scope meanwhile; the next pull says so
                        raise

    # --- purges, journal

    def _purge(self) -> None:
        """Carry out pending orders once nothing is owed, or the deadline has passed; then hand in receipts."""
        parts = self._parts
        if parts.purges.is_pending():
            self._push()
            if parts.outbox.unsent_count() == 0 or parts.purges.is_overdue(parts.server_now()):
                parts.purges.carry_out(parts.now())
        self._chores.hand_in_receipts()

    def _trim(self) -> None:
        """Let go of what is older than the journal, once a day."""
        parts, now = self._parts, self._parts.server_now()
        assert self._hello is not None
        if self._trimmed_on == now[:10]:
            return
        before = shift_moment(now, days=-self._hello.offline.journal_d)
        with parts.database.transaction():
            parts.outbox.trim(before)
            parts.leases.trim(before)
        self._trimmed_on = now[:10]

    def _call(self, ask: Callable[..., T], *args: object) -> T:
        return self._parts.patience.call(ask, *args)
