"""The parts of one tablet on one database, and what concerns several of them at once."""

from random import Random

import msgspec

from contracts.push import Mutation
from contracts.verify import VerifyRequest, VerifyResponse
from sync.moments import read_moment, shift_moment
from sync.signing import PrivateKey
from sync.tablet.clock import Clock, moment_of
from sync.tablet.database import Database
from sync.tablet.ids import uuid7
from sync.tablet.leases import Leases
from sync.tablet.mutations import Intent, intent_of, write_evidence, write_mutation
from sync.tablet.outbox import Outbox, reviews_of
from sync.tablet.patience import Patience
from sync.tablet.photos import Photos
from sync.tablet.purges import Purges
from sync.tablet.repair import Repair
from sync.tablet.replica import Replica
from sync.tablet.rounds import Rounds
from sync.tablet.transport import Transport


class Parts:
    """Everything that a tablet is made of; time, ids and chance come from outside."""

    def __init__(
        self,
        database: Database,
        transport: Transport,
        key: PrivateKey,
        clock: Clock,
        random: Random,
        patience: Patience,
    ) -> None:
        self.database, self.transport, self.key = database, transport, key
        self.clock, self.random, self.patience = clock, random, patience
        self.replica = Replica(database)
        self.outbox = Outbox(database)
        self.purges = Purges(database, self.replica)
        self.rounds = Rounds(database, self.replica, self.outbox, self.purges)
        self.leases = Leases(database)
        self.photos = Photos(database)
        self._heard: tuple[str, int] | None = None  # the server's time, and our uptime when it said so

    def now(self) -> str:
        """Return the moment that the tablet's wall clock tells."""
        return moment_of(self.clock)

    def hear_time(self, server_time: str) -> None:
        """Take the server's word for what time it is."""
        self._heard = server_time, self.clock.read().mono_ms

    def server_now(self) -> str:
        """Return the server's time: what it said last, and the uptime since; before that, the wall clock's.

        What is kept or dropped by age goes by this, so that a wall clock that jumps drops nothing.
        """
        if self._heard is None:
            return self.now()
        told, then_ms = self._heard
        return shift_moment(told, milliseconds=self.clock.read().mono_ms - then_ms)

    def new_id(self) -> str:
        """Return a new id, ordered by time."""
        moment = read_moment(self.now())
        assert moment is not None
        return uuid7(int(moment.timestamp() * 1000), self.random)

    def repair(self) -> Repair:
        """Return the repair that asks over this tablet's line, as patiently as everything else."""

        def ask(request: VerifyRequest) -> VerifyResponse:
            return self.patience.call(self.transport.verify, request)

        return Repair(self.database, self.replica, ask)

    def put(self, intent: Intent, staff_no: str, *, is_evidence: bool) -> int:
        """Number a mutation, sign evidence into the chain, keep it in the outbox, and return its number."""
        n, head = self.database.execute("SELECT next_n, chain_head FROM install").fetchone()
        if is_evidence:
            wire, head = write_evidence(intent, n, head, self.key)
            self.database.execute("UPDATE install SET chain_head = ?", (head,))
        else:
            wire = write_mutation(intent, n)
        self.outbox.add(n, intent, wire, staff_no)
        return int(n)

    def renumber(self, first_n: int, next_n: int) -> None:
        """Move the unsent mutations from `first_n` on to free numbers, and sign their evidence anew.

        An older state of this tablet was brought back: the server has other work under these numbers.
        """
        with self.database.transaction():
            rows = self.database.execute(
                "SELECT wire, staff_no FROM mutation WHERE n >= ? AND outcome IS NULL ORDER BY n", (first_n,)
            ).fetchall()
            self.database.execute("DELETE FROM mutation WHERE n >= ? AND outcome IS NULL", (first_n,))
            mutations = [(msgspec.json.decode(wire, type=Mutation), staff_no) for wire, staff_no in rows]
            head = next((it.set["prev"] for it, _ in mutations if it.sig is not None), None)
            self.database.execute(
                "UPDATE install SET next_n = ?, ack_n = min(ack_n, ?), chain_head = coalesce(?, chain_head)",
                (next_n, next_n - 1, head),
            )
            for mutation, staff_no in mutations:
                self.put(intent_of(mutation), staff_no, is_evidence=mutation.sig is not None)

    def close_gap(self, ack_n: int) -> None:
        """Go on right after the server's number when the journal no longer has the mutations in between.

        The server was restored from a backup older than the journal, or both ends were set back: what lay
        between is lost on both, nothing above it is known to the server, and the incident is kept (P7).
        """
        first = self.outbox.first_above(ack_n)
        if first is None or first == ack_n + 1:
            return
        with self.database.transaction():
            self.renumber(first, ack_n + 1)
            self.database.execute(
                "INSERT INTO incident (at, bucket, mine, theirs, mended) VALUES (?, 'journal', ?, ?, 0)",
                (self.now(), str(first), str(ack_n)),
            )

    def close_settled(self) -> None:
        """Close what a person has settled: the review says so when it is no longer open."""
        closed = []
        for item in self.outbox.open_mutations():
            reviews = reviews_of(item.outcome) if item.outcome else set()
            found = [self.replica.find("review", review) for review in reviews]
            if found and all(held and held.body.get("state", "open") != "open" for held in found):
                closed.append(item.n)
        if closed:
            with self.database.transaction():
                self.outbox.close(closed)

    def is_out_of_contact(self) -> bool:
        """Say whether the server has not been reached for longer than it allows."""
        contact_at, contact_d = self.database.execute("SELECT contact_at, contact_d FROM install").fetchone()
        if contact_at is None or contact_d is None:
            return False
        return self.now() > shift_moment(contact_at, days=contact_d)

    def forget_everything(self) -> None:
        """Delete the replica, photos, settled work and the way in; what was typed and never taken stays (I4)."""
        with self.database.transaction():
            self.purges.drop_rest()
            self.rounds.abandon()
            self.database.execute("DELETE FROM mutation WHERE outcome IS NOT NULL AND is_open = 0")
            self.database.execute("DELETE FROM photo WHERE is_uploaded = 1")
        self.purges.carry_out(self.now())
