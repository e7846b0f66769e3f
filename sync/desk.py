"""The desk: what all operations share while a batch is settled in memory - workspace, checks, reviews."""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct

from contracts.base import Body, Problem
from contracts.errors import Actor as Who
from contracts.errors import ErrorCode
from contracts.policy import Life, Op
from contracts.push import FieldOutcome, Mutation, Outcome
from sync.chain import Place
from sync.clock import DeviceClock, estimate_made_at, read_clock
from sync.kind import Actor, Change, Kind, Kinds
from sync.lifts import schema_of
from sync.moments import write_moment
from sync.needs import key_of, references_of
from sync.parcels import Parcel
from sync.records import Workspace, new_version, parked_creation
from sync.reviews import new_review, review_id
from sync.store import Evidence, Key, LeaseRow, NumberKey, Stored
from sync.transitions import note_state

ALARMING = frozenset(
    {ErrorCode.BAD_SIGNATURE, ErrorCode.MUTATION_REUSED, ErrorCode.SECRET_REFUSED, ErrorCode.CHAIN_FORK}
)


class Refused(Exception):
    """This mutation cannot apply; it is parked with its reason."""

    def __init__(self, code: ErrorCode, depends_on: str | None = None, **args: Any) -> None:
        super().__init__(code.code)
        self.problem = Problem(code=code.code, args=args)
        self.depends_on = depends_on


class Known(Struct, frozen=True, kw_only=True):
    """What the store knew when the unit began, for all mutations of a batch."""

    letter: str = ""
    evidence_head: str = ""
    leases: Collection[LeaseRow] = ()
    taken: Mapping[NumberKey, str] = {}
    places: Mapping[str, Place] = {}  # hash of this batch's evidence → where it stands on the install's chain
    countersign: Callable[[Sequence[str]], str]  # seals the hashes of evidence, once however often it is asked
    find: Callable[[Key], Stored | None]  # any other record, as the store has it; it is not locked


class Desk:
    """Settles the mutations of one batch, one after the other, on one workspace.

    `attempt` is empty but when a person tries a parked mutation again: what that raises is new, not known already.
    """

    def __init__(
        self,
        actor: Actor,
        kinds: Kinds,
        work: Workspace,
        known: Known,
        *,
        now: datetime,
        device: DeviceClock,
        schema: int,
        attempt: str = "",
    ) -> None:
        self.actor, self.kinds, self.work, self.known = actor, kinds, work, known
        self.now, self.at, self.device = now, write_moment(now), device
        self.schema, self.attempt = schema, attempt
        self.evidence_head = known.evidence_head
        self.evidence: dict[str, Evidence] = {}
        self.sealed = tuple(hash for hash, place in known.places.items() if place.is_new)
        self.numbers: list[tuple[NumberKey, str]] = []
        self.taken = dict(known.taken)
        self.alarms: list[tuple[ErrorCode, int]] = []
        self._seal: str | None = None
        self._stamps: dict[tuple[str, bool], Body] = {}

    # --- ends of a mutation

    def park(self, parcel: Parcel, problem: Problem, depends_on: str | None = None, mark: str = "") -> Outcome:
        """Keep a mutation that cannot apply, whole, for whoever must act."""
        review = self.raise_review(parcel, "parked", problem, depends_on=depends_on, mark=mark)
        key = parcel.begins
        if key is not None and self.work.find(key) is None:
            self.work.put(parked_creation(key, review, self.actor.install_id, by=self.actor.staff_no, at=self.at))
        return Outcome(n=parcel.n, status="parked", parked=review, problem=problem)

    def conflict(self, parcel: Parcel, problem: Problem, version: int, fields: list[FieldOutcome]) -> Outcome:
        """Record that somebody else's work stands; nothing of this mutation was applied."""
        must_act = Who.NOBODY if problem.code == ErrorCode.SUPERSEDED.code else Who.AUTHOR
        review = self.raise_review(parcel, "conflict", problem, fields=fields, must_act=must_act.value)
        return Outcome(
            n=parcel.n, status="conflict", version=version, fields=fields, conflict=review, problem=problem
        )  # fmt: skip

    def raise_review(
        self, parcel: Parcel, sort: str, problem: Problem, *, mark: str = "",
        must_act: str | None = None, fields: Collection[FieldOutcome] = (), depends_on: str | None = None,
    ) -> str:  # fmt: skip
        """Put a review on the workspace, once, and return its id; alarming causes become security events too."""
        id = self.review_of(parcel, mark)
        code = ErrorCode[problem.code.upper()]
        if code in ALARMING:
            self.alarms.append((code, parcel.n))
        if self.work.find(Key("review", id)) is None:
            body = new_review(
                actor=self.actor, n=parcel.n, schema=schema_of(parcel, self.actor), sort=sort, problem=problem,
                mutation=self._as_kept(parcel), at=self.at, must_act=must_act, fields=list(fields),
                depends_on=depends_on,
            )  # fmt: skip
            kind = self.kinds["review"]
            self.work.put(new_version(kind, id, None, body, (), by=self.actor.staff_no, at=self.at))
        return id

    def _as_kept(self, parcel: Parcel) -> Body:
        """Return what was typed, without fields that are used once and kept nowhere."""
        typed = parcel.as_typed()
        name, named = typed.get("kind"), {"set", "base"} & typed.keys()
        kind = self.kinds.get(name) if isinstance(name, str) else None
        if kind is None or not kind.record.fleeting:
            return typed
        return typed | {part: without(typed[part], kind.record.fleeting) for part in named}

    def review_of(self, parcel: Parcel, mark: str = "") -> str:
        """Return the id of this mutation's review; `mark` tells several of one mutation apart."""
        return review_id(self.actor.install_id, parcel.n, parcel.digest, mark + self.attempt)

    def countersign(self, hash: str) -> str:
        """Return the server's word that this evidence was here now: one for all that is new, for the rest one each."""
        if not self.known.places[hash].is_new:
            return self.known.countersign((hash,))
        if self._seal is None:
            self._seal = self.known.countersign(self.sealed)
        return self._seal

    # --- checks, each of which raises Refused

    def subject(self, mutation: Mutation) -> Stored:
        """Return the live record that a mutation is about, if the person may see it."""
        stored = self.work.find(key_of(mutation))
        if stored is not None:
            self._check_parked(stored)
        if stored is not None and stored.standing == "deleted" and self.actor.sees(stored.left.keys()):
            raise Refused(ErrorCode.GONE, by=stored.changed_by, at=stored.changed_at)
        if stored is None or stored.standing != "live" or not self.actor.sees(stored.buckets):
            raise Refused(ErrorCode.NOT_IN_SCOPE)
        return stored

    def is_newer(self, mutation: Mutation) -> bool:
        """Say whether the tablet may know fields that this server does not (P9)."""
        return (mutation.schema or self.actor.schema) > self.schema

    def check_names(self, kind: Kind, mutation: Mutation) -> None:
        """Refuse fields that only the server writes, and unknown ones unless the tablet's schema is newer (P9)."""
        if mutation.set.keys() <= kind.offered:
            return
        if stamped := [name for name in mutation.set if name.partition(".")[0] in kind.stamped]:
            raise Refused(ErrorCode.READ_ONLY_FIELD, fields=stamped)
        unknown = [name for name in mutation.set if kind.policy(name) is None]
        if unknown and (not self.is_newer(mutation) or any("." in name for name in unknown)):
            raise Refused(ErrorCode.VALIDATION_FAILED, wrong="unknown fields", fields=unknown[:20])

    def check_home(self, kind: Kind, stored: Stored, body: Body, op: Op) -> None:
        """Refuse a new record that would not lie in the person's scope, or is not theirs to make."""
        if not self.actor.sees(stored.buckets) or not self.may(kind, op, body):
            raise Refused(ErrorCode.NOT_IN_SCOPE)

    def may(self, kind: Kind, op: Op, body: Body) -> bool:
        """Say whether the kind lets the person do this; a supervisor's word stands above it."""
        return bool(self.actor.lent) or kind.may(self.actor, op, body)

    def objection(self, kind: Kind, op: Op, before: Body, after: Body) -> str | None:
        """Return what the kind has against a change, in plain words; a supervisor's word does not change the facts."""
        if kind.gate is None:
            return None
        return kind.gate(Change(op=op, before=before, after=after, at=self.at, look=self._look))

    def _look(self, kind: str, id: str) -> Body | None:
        key = Key(kind, id)
        stored = self.work.find(key) or self.known.find(key)
        return self.kinds[kind].read(stored.body) if stored is not None and stored.standing == "live" else None

    def references_outside(self, mutation: Mutation) -> dict[str, Stored | None]:
        """Return field → record for those out of scope; refuse one whose creation is parked (P4)."""
        outside: dict[str, Stored | None] = {}
        for field, key in references_of(mutation, self.kinds).items():
            stored = self.work.find(key)
            if stored is not None:
                self._check_parked(stored)
            if stored is None or not self.actor.sees(stored.buckets):
                outside[field] = stored
        return outside

    def version(self, kind: Kind, id: str, before: Stored | None, body: Body, touched: Collection[str] = ()) -> Stored:
        """Return the record's next version; a body that does not hold is refused."""
        try:
            return new_version(kind, id, before, body, touched, by=self.actor.staff_no, at=self.at)
        except msgspec.ValidationError as error:
            raise Refused(ErrorCode.VALIDATION_FAILED, wrong=str(error)) from error

    def stamps(self, kind: Kind, mutation: Mutation, *, is_new: bool) -> Body:
        """Return what the server writes on a record, as far as the kind has such fields; change nothing in it."""
        stamps = self._stamps.get((kind.name, is_new))
        if stamps is None:
            stamps = self._stamps[kind.name, is_new] = self._same_for_all(kind, is_new=is_new)
        return {**stamps, **self._own_stamps(kind, mutation)} if is_new and "made_at" in kind.stamped else stamps

    def _same_for_all(self, kind: Kind, *, is_new: bool) -> Body:
        stamps: Body = {"state_by": self.actor.staff_no, "state_at": self.at}
        if is_new:
            stamps |= {
                "author": self.actor.staff_no, "install_id": self.actor.install_id, "received_at": self.at,
                "org_id": self.actor.org_id,
            }  # fmt: skip
        return {name: value for name, value in stamps.items() if name in kind.stamped}

    def _own_stamps(self, kind: Kind, mutation: Mutation) -> Body:
        """Return a mutation's number, when it was made, and what that is worth (domain-rules.md §4)."""
        if not kind.keeps_clock:
            return {"made_at": estimate_made_at(mutation.made_at, self.device, self.now)}
        reading = read_clock(mutation.made_at, self.device, self.now)
        own = {
            "n": mutation.n, "made_at": reading.at, "time_quality": reading.quality, "skew_s": reading.skew_s,
            "uncertainty_s": reading.uncertainty_s, "signed_clock": msgspec.to_builtins(mutation.made_at),
        }  # fmt: skip
        return {name: value for name, value in own.items() if name in kind.stamped}

    def note_state(
        self, life: Life, body: Body, to: str, mutation: Mutation, facts: Mapping[str, Any], *, version: int
    ) -> Body:
        """Return a life's history with the state that a mutation leads to, if the life keeps one."""
        if life.history is None:
            return {}
        at = estimate_made_at(mutation.made_at, self.device, self.now)
        return note_state(life, body, to, at=at, by=self.actor.staff_no, facts=facts, version=version)

    def _check_parked(self, stored: Stored) -> None:
        if stored.standing == "parked" and stored.parked_by == self.actor.install_id:
            raise Refused(ErrorCode.DEPENDS_ON, depends_on=stored.review, parked=stored.review)


def without(named: Any, fields: Collection[str]) -> Any:
    """Return a map without some fields and all that lies below them; anything else is what it was."""
    if not isinstance(named, dict):
        return named
    return {path: value for path, value in named.items() if path.partition(".")[0] not in fields}


def open_subject(desk: Desk, kind: Kind, mutation: Mutation) -> tuple[Stored, Body]:
    """Return the live record that a mutation is about and its body, if the person may do this to it.

    Whether they may move its state is asked of the body as it would be: a slice may leave some states to others.
    """
    subject = desk.subject(mutation)
    body = kind.read(subject.body)
    if mutation.op is not Op.TRANSITION and not desk.may(kind, mutation.op, body):
        raise Refused(ErrorCode.NOT_IN_SCOPE)
    return subject, body
