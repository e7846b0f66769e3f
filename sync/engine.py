"""The engine: every call of the protocol, over any store. Doors and simulators drive the same one."""

from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta
from functools import partial

import msgspec
from msgspec import Raw, Struct

from contracts.hello import HelloResponse, Limits, OfflineLimits
from contracts.leases import WANT_MAX, Lease, LeaseRequest, LeaseReturn
from contracts.pull import LIMIT_MAX, PAGE_BYTES_MAX, WAIT_S_MAX, PullRequest, PullResponse
from contracts.purges import PurgeAckRequest, PurgeAckResponse, PurgeOrder
from contracts.push import MUTATION_BYTES_MAX, MUTATIONS_MAX, PUSH_BYTES_MAX, PushRequest, PushResponse
from contracts.review import DecisionRequest, ReviewItem
from contracts.verify import VerifyRequest, VerifyResponse
from contracts.version import PROTOCOL, SCHEMA, SCHEMA_PULL_MIN, SchemaRange
from sync import leases
from sync.chain import write_seal
from sync.challenge import challenges_at
from sync.clock import DeviceClock
from sync.cursor import Cursor, epoch_marks, open_cursor, seal_cursor
from sync.custody import Custody
from sync.errors import EpochMismatch, NotFound, SchemaTooOld, TooLarge
from sync.judge import judge_review
from sync.kind import Actor, Area, Kinds
from sync.moments import write_moment
from sync.parcels import unpack
from sync.pull import digests_to_send, fill_page, plan_page
from sync.push import PushContext, push_batch
from sync.puts import Guard, Put, put_records
from sync.retention import CompactReport, horizon
from sync.scope import buckets_given, buckets_lost
from sync.signing import PrivateKey, sign
from sync.store import AuditEntry, BucketState, Snapshot, Store, Unit, Write
from sync.verify import answer_verify

KEYS_MAX = 8192  # public keys kept in memory


class EngineSettings(Struct, frozen=True, kw_only=True):
    """Numbers that a bank may want to change; the defaults are those of the domain rules."""

    purge_deadline_h: float = 24
    lease_h: float = 16
    retention_d: float = 45
    received_note_s: float = 3600  # how often an install's cursors are written down for compaction
    challenge_window_s: int = 150
    contact_d: int = 7
    journal_d: int = 14
    money_h: int = 36
    file_bytes_max: int = 20_971_520
    lease_want_max: int = WANT_MAX


class Engine:
    """Push, pull, leases, verify, purges, reviews and compaction over one store."""

    def __init__(
        self, store: Store, kinds: Kinds, *, clock: Callable[[], datetime], new_id: Callable[[], str],
        secret: bytes, server_key: PrivateKey, contract_hash: str = "", settings: EngineSettings | None = None,
    ) -> None:  # fmt: skip
        """`secret` seals cursors, challenges and lease tokens; `server_key` countersigns evidence."""
        self.store, self.kinds, self.clock, self.new_id = store, kinds, clock, new_id
        self.secret, self.server_key, self.contract_hash = secret, server_key, contract_hash
        self.settings = settings or EngineSettings()
        self._keys: dict[str, bytes] = {}
        self._custody = Custody(
            store, clock, new_id, deadline_h=self.settings.purge_deadline_h, note_s=self.settings.received_note_s
        )  # fmt: skip

    # --- hello

    def hello(self, install_id: str, sign_ins: int = 0, purges: Sequence[PurgeOrder] = ()) -> HelloResponse:
        """Return limits, identities, the time, and the challenge for this install's next sign-in."""
        settings = self.settings
        return HelloResponse(
            protocol=PROTOCOL,
            epoch=self.store.read(lambda snapshot: snapshot.epoch()),
            contract_hash=self.contract_hash,
            schema=SchemaRange(),
            server_time=write_moment(self.clock()),
            limits=Limits(
                push_mutations_max=MUTATIONS_MAX, push_bytes_max=PUSH_BYTES_MAX, mutation_bytes_max=MUTATION_BYTES_MAX,
                pull_limit_max=LIMIT_MAX, pull_bytes_max=PAGE_BYTES_MAX, wait_s_max=WAIT_S_MAX,
                file_bytes_max=settings.file_bytes_max, lease_want_max=settings.lease_want_max,
            ),
            offline=OfflineLimits(contact_d=settings.contact_d, journal_d=settings.journal_d, money_h=settings.money_h),
            challenge=self.challenges(install_id, sign_ins)[0],
            challenge_expires_in_s=settings.challenge_window_s,
            purges=list(purges),
        )  # fmt: skip

    def challenges(self, install_id: str, sign_ins: int) -> tuple[str, str]:
        """Return the challenges that are good now, newest first; a verified proof raises `sign_ins` and ends them."""
        return challenges_at(self.secret, install_id, sign_ins, self.clock(), self.settings.challenge_window_s)

    # --- push

    def prepare_push(
        self, request: PushRequest, actor: Actor, device: DeviceClock
    ) -> Callable[[Unit], PushResponse]:  # fmt: skip
        """Unpack a tablet's mutations; return the work that settles them in one transaction and answers each."""
        if len(request.mutations) > MUTATIONS_MAX:
            raise TooLarge(mutations_max=MUTATIONS_MAX)
        parcels = unpack(request.mutations, self._public_key(actor.install_id))
        context = self._context(actor, device)

        def work(unit: Unit) -> PushResponse:
            _check_epoch(unit, request.epoch)
            return push_batch(unit, parcels, context)

        return work

    def push(self, request: PushRequest, actor: Actor, device: DeviceClock) -> PushResponse:
        """Settle a tablet's mutations in one transaction and answer each."""
        work = self.prepare_push(request, actor, device)
        return self.store.write(work)

    def push_within(self, unit: Unit, mutations: Sequence[Raw], actor: Actor, device: DeviceClock) -> PushResponse:
        """Settle mutations as a part of the caller's transaction: what a partner's messages mean."""
        return push_batch(unit, unpack(mutations, b""), self._context(actor, device))

    def _context(self, actor: Actor, device: DeviceClock) -> PushContext:
        now = self.clock()
        return PushContext(
            actor=actor, kinds=self.kinds, now=now, device=device, schema=SCHEMA,
            countersign=self._countersigner(now),
        )  # fmt: skip

    def _countersigner(self, now: datetime) -> Callable[[Sequence[str]], str]:
        """Return what signs that evidence with these hashes was here at this moment."""
        at = write_moment(now)
        return lambda hashes: sign(self.server_key, write_seal(hashes, at))

    def _public_key(self, install_id: str) -> bytes:
        """Return an install's key, which never changes: a tablet with another key is another install."""
        key = self._keys.get(install_id)
        if key is None:
            install = self.store.read(lambda snapshot: snapshot.find_install(install_id))
            if install is None:
                raise NotFound("this install is not enrolled")
            if len(self._keys) >= KEYS_MAX:
                self._keys.clear()
            key = self._keys[install_id] = install.public_key
        return key

    # --- pull

    def pull(self, request: PullRequest, actor: Actor) -> PullResponse:
        """Return one page of changes in the actor's buckets after the cursor."""
        if actor.schema < SCHEMA_PULL_MIN:
            raise SchemaTooOld(schema_min=SCHEMA_PULL_MIN)
        scope = sorted(actor.buckets)
        answer, held = self.store.read(lambda snapshot: self._page(snapshot, request, actor, scope))
        lost = buckets_lost(held, actor.buckets)
        removed = self._custody.order_removals(actor.install_id, lost) if lost else []
        if self._custody.is_news(actor):
            self._custody.note(actor, self._positions(answer, actor))
        return msgspec.structs.replace(answer, removed=removed) if removed else answer

    def _page(
        self, snapshot: Snapshot, request: PullRequest, actor: Actor, scope: list[str]
    ) -> tuple[PullResponse, Collection[str]]:
        epoch, ack_n, states = snapshot.glance(actor.install_id, scope)
        if ack_n is None:
            raise NotFound("this install is not enrolled")
        cursor = self._open(request.cursor, actor, epoch)
        known = cursor.positions if cursor else {}
        is_whole = cursor is not None and (cursor.epoch != epoch or cursor.schema != actor.schema)
        plan = plan_page(states, known, is_whole=is_whole)
        page = fill_page(snapshot, states, plan.starts, limit=request.limit, max_bytes=request.max_bytes)
        sealed = Cursor(epoch=epoch, schema=actor.schema, positions=page.positions)
        text = request.cursor if sealed == cursor else None
        text = text or seal_cursor(sealed, actor.install_id, self.secret)
        moved = frozenset((*plan.reset, *page.moved))
        answer = PullResponse(
            epoch=epoch, ack_n=ack_n, cursor=text,
            complete=page.is_complete, reset=plan.reset, changes=page.changes,
            digests=digests_to_send(states, moved, request.have) if page.is_complete else {},
        )  # fmt: skip
        return answer, cursor.positions.keys() if cursor else buckets_given(snapshot, actor.install_id)

    def _open(self, text: str | None, actor: Actor, epoch: str) -> Cursor | None:
        return None if text is None else open_cursor(text, actor.install_id, self.secret, epoch_marks(epoch))

    def _positions(self, answer: PullResponse, actor: Actor) -> dict[str, int]:
        cursor = self._open(answer.cursor, actor, answer.epoch)
        assert cursor is not None
        return {bucket: position.seq for bucket, position in cursor.positions.items()}

    def heads(self, buckets: Collection[str]) -> dict[str, int]:
        """Return the head of each bucket: all that a poke tells."""
        states = self.store.read(lambda snapshot: snapshot.buckets(buckets))
        return {name: state.head for name, state in states.items()}

    def verify(self, request: VerifyRequest, actor: Actor) -> VerifyResponse:
        """Tell a tablet what differs in one of its buckets; that it had to ask is an integrity incident."""
        if request.bucket not in actor.buckets:
            raise NotFound("there is no such bucket for this person")
        answer = self.store.read(lambda snapshot: answer_verify(snapshot, request))
        if "" in request.have and answer.differ:
            self._audit_now(actor, "integrity", request.bucket)
        return answer

    # --- what an install must give back

    def order_purge(self, install_id: str) -> list[PurgeOrder]:
        """Order a revoked install to delete all it holds, once, and return its open orders."""
        return self._custody.order_everything(install_id)

    def purge_orders(self, install_id: str) -> list[PurgeOrder]:
        """Return the orders that an install has not acknowledged."""
        return self._custody.list_open(install_id)

    def acknowledge_purges(self, request: PurgeAckRequest, install_id: str) -> PurgeAckResponse:
        """Take signed receipts; one that the device did not sign is refused."""
        return self._custody.acknowledge(request, install_id)

    # --- numbers

    def acquire_lease(self, request: LeaseRequest, actor: Actor) -> Lease:
        """Give an install a block of numbers, a smaller one if it wants too many; a retry gets the same block."""
        if f"branch:{request.branch}" not in actor.buckets:
            raise NotFound("there is no such branch for this person")
        lease_id, now = self.new_id(), self.clock()
        request = msgspec.structs.replace(request, want=min(request.want, self.settings.lease_want_max))

        def work(unit: Unit) -> Lease:
            install = unit.find_install(actor.install_id)
            if install is None:
                raise NotFound("this install is not enrolled")
            row = leases.acquire(
                unit, request, actor, lease_id=lease_id, now=now, secret=self.secret, hours=self.settings.lease_h
            )  # fmt: skip
            return leases.as_lease(row, install.letter, self.secret)

        return self.store.write(work)

    def return_lease(self, lease_id: str, returned: LeaseReturn, actor: Actor) -> None:
        """Take back numbers that were never handed out; returning twice changes nothing."""
        self.store.write(lambda unit: leases.give_back(unit, lease_id, returned, actor))

    def close_day(self, branch: str, date: str) -> int:
        """End the open leases of a branch's day and return how many there were."""
        return self.store.write(lambda unit: leases.close_day(unit, branch, date))

    def account_numbers(self, branch: str, date: str) -> leases.NumberReport:
        """Return where every number of a branch's day went."""
        return self.store.read(
            lambda snapshot: leases.account(branch, date, snapshot.leases(branch, date), snapshot.numbers(branch, date))
        )

    # --- the server's own writes

    def put_records(self, puts: Sequence[Put], by: str, guard: Guard | None = None) -> list[Write]:
        """Write records on the server's or a person's behalf: CRM import, jobs, supervisors."""
        at = write_moment(self.clock())

        def work(unit: Unit) -> list[Write]:
            writes = put_records(unit, self.kinds, puts, by=by, at=at, guard=guard)
            if writes:
                unit.audit(
                    AuditEntry(stream=f"server:{by}", at=at, actor=by, action="put", detail={"count": len(writes)})
                )
            return writes

        return self.store.write(work)

    def decide_review(self, review_id: str, request: DecisionRequest, actor: Actor, area: Area) -> ReviewItem:
        """Settle a review as its author or as a supervisor of `area`."""
        context = self._context(actor, DeviceClock())
        return self.store.write(lambda unit: judge_review(unit, review_id, request, context, area))

    def _audit_now(self, actor: Actor, action: str, subject: str) -> None:
        entry = AuditEntry(
            stream=f"install:{actor.install_id}", at=write_moment(self.clock()), actor=actor.staff_no,
            action=action, subject=subject,
        )  # fmt: skip
        self.store.write(lambda unit: unit.audit(entry))

    # --- compaction

    def compact(self, progress: Callable[[int, int], None] | None = None) -> CompactReport:
        """Drop rows that left their bucket so long ago, or so surely read, that nobody needs them (protocol.md §7)."""
        names = self.store.read(lambda snapshot: snapshot.bucket_names())
        dropped, floors = {}, {}
        for at, name in enumerate(names, start=1):
            count, floor = self.store.write(partial(self._compact_bucket, name))
            if count:
                dropped[name], floors[name] = count, floor
            if progress is not None:
                progress(at, len(names))
        return CompactReport(dropped=dropped, floors=floors)

    def _compact_bucket(self, name: str, unit: Unit) -> tuple[int, int]:
        since = write_moment(self.clock() - timedelta(days=self.settings.retention_d))
        state: BucketState = unit.buckets([name])[name]
        upto = horizon(unit.newest_before(name, since), unit.cursors(name, since), state.head)
        return (unit.drop_rows(name, upto), upto) if upto > state.floor else (0, state.floor)


def _check_epoch(unit: Unit, epoch: str | None) -> None:
    if epoch is not None and epoch != unit.epoch() and epoch not in unit.past_epochs():
        raise EpochMismatch
