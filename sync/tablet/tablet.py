"""The tablet as an app uses it: type, look, issue tickets, sync; everything works with no line but the sync."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from random import Random, SystemRandom
from time import sleep
from typing import Any, NamedTuple

from contracts.base import Body
from contracts.errors import ErrorCode
from contracts.kinds import RECORDS
from contracts.policy import Op
from contracts.pull import Digest
from contracts.push import Mutation, Outcome
from sync.secrets import carries_secret
from sync.signing import PrivateKey
from sync.tablet.clock import Clock, SystemClock
from sync.tablet.database import Database, create_database, restore_database
from sync.tablet.errors import OutboxOwned, RecordMissing, SecretTyped
from sync.tablet.leases import WANT_DEFAULT, Line
from sync.tablet.mutations import Intent
from sync.tablet.outbox import Unsettled
from sync.tablet.overlay import Records, View, believed, overlaid, proposals, state_of
from sync.tablet.parts import Parts
from sync.tablet.patience import Patience
from sync.tablet.replica import Held
from sync.tablet.session import Report, Session
from sync.tablet.transport import Transport

CONTRACT: Records = {record.kind: record for record in RECORDS}
LINE_KINDS = ("ticket", "counter", "pace")

# Series, priority, tickets by id, counters, pace → minutes from … to, or None if nobody can tell.
Tell = Callable[[str, int, Mapping[str, Body], Iterable[Body], Body | None], tuple[int, int] | None]


class Made(NamedTuple):
    """A mutation that was just made: its number and its record."""

    n: int
    id: str


class Incident(NamedTuple):
    """A disagreement with the server that was found: of a bucket, or of the journal."""

    at: str
    bucket: str
    mine: str
    theirs: str
    mended: int


class Surroundings(NamedTuple):
    """What a tablet does not make up itself: its key, clocks, chance and patience."""

    key: PrivateKey
    clock: Clock
    random: Random
    patience: Patience

    @classmethod
    def real(cls, key: PrivateKey) -> "Surroundings":
        """Return this machine's clocks and chance."""
        return cls(key, SystemClock(), SystemRandom(), Patience(sleep, SystemRandom()))


class Tablet:
    """One install: its replica, its outbox and its line. One thread at a time.

    Every change of its state is one local transaction, so it may be killed at any moment.
    """

    def __init__(
        self, database: Database, transport: Transport, surroundings: Surroundings, records: Records = CONTRACT
    ) -> None:
        self._parts = Parts(database, transport, *surroundings)
        self._records = records
        self._session = Session(self._parts)

    @classmethod
    def open(
        cls, path: Path | None, install_id: str, staff_no: str, transport: Transport, surroundings: Surroundings,
        records: Records = CONTRACT,
    ) -> "Tablet":  # fmt: skip
        """Open the tablet in `path`, or make a new one there; `None` keeps it in memory."""
        tablet = cls(create_database(path, install_id), transport, surroundings, records)
        tablet.switch_person(staff_no)
        return tablet

    @classmethod
    def from_snapshot(
        cls, snapshot: bytes, transport: Transport, surroundings: Surroundings, records: Records = CONTRACT
    ) -> "Tablet":
        """Return a tablet in memory as it stood when `snapshot` was taken."""
        return cls(restore_database(snapshot), transport, surroundings, records)

    def snapshot(self) -> bytes:
        """Return all of the tablet's state, as a copy of its file would hold it."""
        return self._parts.database.serialize()

    def close(self) -> None:
        """Let go of the file."""
        self._parts.database.close()

    # --- who

    @property
    def install_id(self) -> str:
        """The identity of this local database."""
        return str(self._parts.database.execute("SELECT install_id FROM install").fetchone()[0])

    @property
    def staff_no(self) -> str:
        """Who is signed in."""
        return str(self._parts.database.execute("SELECT staff_no FROM install").fetchone()[0])

    def switch_person(self, staff_no: str) -> None:
        """Let another person work here. Raises OutboxOwned while somebody else's work is not handed in."""
        if others := self._parts.outbox.unsent_authors() - {staff_no}:
            raise OutboxOwned(f"work of {', '.join(sorted(others))} is not handed in yet")
        self._parts.database.execute("UPDATE install SET staff_no = ?", (staff_no,))

    # --- type

    def create(self, kind: str, set: Mapping[str, Any], *, id: str | None = None, reason: str = "") -> Made:
        """Begin a record."""
        return self._put(kind, id or self._parts.new_id(), Op.CREATE, set, reason=reason)

    def patch(self, kind: str, id: str, set: Mapping[str, Any], *, reason: str = "") -> Made:
        """Change fields; `values.phone` changes one key of a map. Raises RecordMissing."""
        view = self._get(kind, id)
        base = believed(view.body, set)
        return self._put(kind, id, Op.PATCH, set, base=base, base_version=view.version, reason=reason)

    def transition(self, kind: str, id: str, to: str, facts: Mapping[str, Any] = {}, *, reason: str = "") -> Made:
        """Ask for another state. Raises RecordMissing."""
        view = self._get(kind, id)
        asked = {"from": state_of(self._records[kind], view.body), "to": to, "facts": dict(facts)}
        return self._put(kind, id, Op.TRANSITION, asked, base_version=view.version, reason=reason)

    def append(self, kind: str, set: Mapping[str, Any], *, id: str | None = None, reason: str = "") -> Made:
        """Add evidence, signed and linked to this install's evidence before it."""
        return self._put(kind, id or self._parts.new_id(), Op.APPEND, set, reason=reason)

    def propose(self, kind: str, id: str, set: Mapping[str, Any], *, reason: str = "") -> Made:
        """Ask the CRM to change what it masters; the view shows it as `proposed` until the CRM decides."""
        view = self._get(kind, id)
        base = believed(view.body, set)
        return self._put(kind, id, Op.PROPOSE, set, base=base, base_version=view.version, reason=reason)

    def delete(self, kind: str, id: str, *, reason: str = "") -> Made:
        """Delete a record. Raises RecordMissing."""
        return self._put(kind, id, Op.DELETE, {}, base_version=self._get(kind, id).version, reason=reason)

    def issue_ticket(
        self, branch: str, series: str, business_date: str, *, tell: Tell | None = None, reason: str = "", **fields: Any
    ) -> View:
        """Issue the next number of a line as a ticket. Raises NumbersExhausted if this tablet never had a lease.

        `tell` says the wait from what the tablet holds; what the customer is told (`shown_lo_min`, `shown_hi_min` of
        the answer) is stored with the ticket, so that the server can measure how often it was true.
        """
        now = self._parts.now()
        with self._parts.database.transaction():
            number, overflow = self._parts.leases.hand_out(Line(branch, series, business_date), now)
            where = {"branch_id": branch, "series": series, "business_date": business_date, "number": number}
            extra: Body = {"overflow": overflow} if overflow else {}
            if tell and (told := tell(series, fields.get("priority", 0), *self._line(branch, business_date))):
                extra |= {"shown_lo_min": told[0], "shown_hi_min": told[1]}
            made = self.create("ticket", {**where, "issued_at": now, **extra, **fields}, reason=reason)
        return self._get("ticket", made.id)

    def keep_photo(self, kind: str, id: str, content: bytes, media_type: str = "image/jpeg") -> str:
        """Keep a photo for a record, to be uploaded by the next sync, and return the SHA-256 that names it."""
        return self._parts.photos.keep(kind, id, content, media_type)

    def serve_line(self, branch: str, series: str, business_date: str, want: int = WANT_DEFAULT) -> None:
        """Keep numbers of a line at hand; the next sync gets the first block."""
        self._parts.leases.serve(Line(branch, series, business_date), want)

    def end_day(self, business_date: str) -> None:
        """Hand out no more numbers of a day; the next sync returns those that are left."""
        with self._parts.database.transaction():
            self._parts.leases.end_day(business_date)

    # --- look

    def view(self, kind: str, id: str) -> View | None:
        """Return a record with one's own unacknowledged work on top, or None if there is none (P5)."""
        return self._view(kind, id, self._parts.replica.find(kind, id), self._parts.outbox.overlay(kind, id))

    def find(self, kind: str) -> list[View]:
        """Return every record of a kind that the tablet shows, ordered by id; bounded by the person's scope."""
        held = {record.id: record for record in self._parts.replica.list_kind(kind)}
        mine = {id: self._parts.outbox.overlay(kind, id) for id in self._parts.outbox.overlaid_ids(kind)}
        views = (self._view(kind, id, held.get(id), mine.get(id, [])) for id in sorted(held.keys() | mine.keys()))
        return [view for view in views if view is not None]

    def unsettled(self) -> list[Unsettled]:
        """Return what is not handed in, parked or in conflict, oldest first, until a person has settled it."""
        self._parts.close_settled()
        return self._parts.outbox.open_mutations()

    def unsent_count(self) -> int:
        """Return how many mutations the server has not answered."""
        return self._parts.outbox.unsent_count()

    def outcomes(self) -> dict[int, Outcome]:
        """Return what became of every mutation in the journal."""
        return self._parts.outbox.outcomes()

    def digest_report(self) -> dict[str, Digest]:
        """Return count and digest of every bucket on this tablet."""
        return self._parts.replica.digests()

    def incidents(self) -> list[Incident]:
        """Return what was found to be wrong and mended, oldest first."""
        rows = self._parts.database.execute("SELECT at, bucket, mine, theirs, mended FROM incident ORDER BY rowid")
        return [Incident(*row) for row in rows]

    def lock_if_out_of_contact(self) -> bool:
        """Delete the replica if the server was not reached for too long, and say so; an app asks this at its start.

        What was typed and not handed in stays, and the next sync fills the tablet again.
        """
        if not self._parts.is_out_of_contact():
            return False
        self._parts.forget_everything()
        return True

    def recount(self) -> None:
        """Count every bucket anew from the records that are really there; for a tablet in doubt of itself."""
        with self._parts.database.transaction():
            self._parts.replica.recount()

    # --- sync

    def sync(self, *, wait_s: float = 0) -> Report:
        """Hand in and take in everything that is due. See Session.sync for what it raises."""
        return self._session.sync(wait_s=wait_s)

    def _line(self, branch: str, date: str) -> tuple[dict[str, Body], list[Body], Body | None]:
        """Return the tickets of a branch's day by id, its counters and its pace, as this tablet knows them."""
        held = {kind: [it for it in self.find(kind) if it.body["branch_id"] == branch] for kind in LINE_KINDS}
        tickets = {it.id: it.body for it in held["ticket"] if it.body["business_date"] == date}
        return tickets, [it.body for it in held["counter"]], next((it.body for it in held["pace"]), None)

    def _get(self, kind: str, id: str) -> View:
        view = self.view(kind, id)
        if view is None:
            raise RecordMissing(f"{kind} {id} is not on this tablet")
        return view

    def _put(
        self, kind: str, id: str, op: Op, set: Mapping[str, Any], *,
        base: Mapping[str, Any] = {}, base_version: int = 0, reason: str = "",
    ) -> Made:  # fmt: skip
        if carries_secret([dict(set), dict(base), reason]):
            raise SecretTyped(ErrorCode.SECRET_REFUSED.meaning)
        intent = Intent(
            kind=kind, id=id, op=op, set=dict(set), base=dict(base), base_version=base_version, reason=reason,
            made_at=self._parts.clock.read(),
        )  # fmt: skip
        with self._parts.database.transaction():
            n = self._parts.put(intent, self.staff_no, is_evidence=self._records[kind].is_evidence)
        return Made(n, id)

    def _view(self, kind: str, id: str, held: Held | None, mine: list[Mutation]) -> View | None:
        body, version = (held.body, held.version) if held else (None, 0)
        for mutation in mine:
            body = overlaid(self._records[kind], body, mutation)
        if body is None:
            return None
        pending = tuple(mutation.n for mutation in mine)
        proposed = self._proposed(kind, id, mine)
        return View(kind=kind, id=id, version=version, body=body, proposed=proposed, pending=pending)

    def _proposed(self, kind: str, id: str, mine: list[Mutation]) -> Body:
        if kind not in self._records or not self._records[kind].proposable:
            return {}
        pulled: Body = {}
        for request in self._parts.replica.proposals_about(id):
            pulled |= request["proposed"]
        return pulled | proposals(mine)
