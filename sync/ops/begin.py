"""Operations that begin a record: create, and append for evidence."""

from collections.abc import Mapping
from typing import Any

from contracts.base import Body, Problem
from contracts.errors import ErrorCode
from contracts.policy import Op
from contracts.push import Mutation, Outcome
from sync.chain import judge_link
from sync.clock import estimate_made_at
from sync.desk import Desk, Refused, key_of
from sync.kind import Kind
from sync.merge import set_paths
from sync.numbering import judge_number, number_key
from sync.parcels import Parcel
from sync.store import Evidence, Key, Stored


def create(desk: Desk, kind: Kind, parcel: Parcel, mutation: Mutation) -> Outcome:
    """Begin a record; a retired id never comes back, and the same record begun twice is one."""
    if (settled := _settle_existing(desk, parcel, mutation)) is not None:
        return settled
    desk.check_names(kind, mutation.set)
    if kind.life and mutation.set.get(kind.life.field, kind.life.first) != kind.life.first:
        raise Refused(ErrorCode.READ_ONLY_FIELD, fields=[kind.life.field])
    if outside := desk.references_outside(kind, mutation.set):
        raise Refused(ErrorCode.NOT_IN_SCOPE, fields=outside)
    body = _with_extra(kind, mutation.set) | desk.stamps(kind, mutation, is_new=True)
    stored = desk.version(kind, mutation.id, None, body)
    desk.check_home(kind, stored, body, Op.CREATE)
    flags = _take_number(desk, kind, parcel, mutation.id, body)
    if flags:
        stored = desk.version(kind, mutation.id, None, body | {"flags": flags})
    desk.work.put(stored)
    return Outcome(n=parcel.n, status="applied", version=stored.version, flags=flags)


def append(desk: Desk, kind: Kind, parcel: Parcel, mutation: Mutation) -> Outcome:
    """Accept evidence: doubts about chain or access become flags, never refusals."""
    if not parcel.is_signed:
        raise Refused(ErrorCode.BAD_SIGNATURE, wrong="evidence must be signed")
    chain_flags = _link(desk, parcel, mutation)
    if (settled := _settle_existing(desk, parcel, mutation)) is not None:
        return settled
    desk.check_names(kind, mutation.set)
    flags = chain_flags + _judge_access(desk, kind, mutation)
    stamps = desk.stamps(kind, mutation, is_new=True)
    sealed = {"hash": parcel.digest, "countersignature": desk.known.countersign(parcel.digest), "flags": flags}
    body = _with_extra(kind, mutation.set) | stamps | sealed
    stored = desk.version(kind, mutation.id, None, body)
    desk.check_home(kind, stored, body, Op.APPEND)
    desk.work.put(stored)
    return Outcome(n=parcel.n, status="applied", version=stored.version, flags=flags)


def _settle_existing(desk: Desk, parcel: Parcel, mutation: Mutation) -> Outcome | None:
    existing = desk.work.find(key_of(mutation))
    if existing is None or existing.standing == "parked":
        return None
    if existing.standing == "deleted":
        raise Refused(ErrorCode.ID_RETIRED)
    body = desk.kinds[existing.kind].read(existing.body)
    is_same = mutation.op is Op.CREATE and all(body.get(name) == value for name, value in mutation.set.items())
    if is_same and desk.actor.sees(existing.buckets):
        return Outcome(n=parcel.n, status="noop", version=existing.version)
    raise Refused(ErrorCode.ID_TAKEN)


def _with_extra(kind: Kind, named: Mapping[str, Any]) -> Body:
    """Return the body that `set` makes; what only a newer schema knows goes to `extra` (P9)."""
    extra = {name: value for name, value in named.items() if kind.policy(name) is None}
    body = kind.begin(set_paths({}, {name: value for name, value in named.items() if name not in extra}))
    return body | {"extra": extra} if extra else body


def _take_number(desk: Desk, kind: Kind, parcel: Parcel, id: str, body: Body) -> list[str]:
    """Note a queue number's use and return what is odd about it; the customer holds the paper, so it stands."""
    if kind.record.numbered is None:
        return []
    key = number_key(kind.record.numbered, body)
    taken = {**desk.numbers, **desk.known.taken}
    flags = judge_number(
        key, id, install_id=desk.actor.install_id, letter=desk.known.letter, leases=desk.known.leases, taken=taken
    )  # fmt: skip
    desk.numbers.setdefault(key, id)
    if ErrorCode.NUMBER_COLLISION in flags:
        problem = Problem(code=ErrorCode.NUMBER_COLLISION.code, args={**key._asdict(), "other": taken[key]})
        desk.raise_review(parcel, "flag", problem, mark="number")
    return [flag.code for flag in flags]


def _link(desk: Desk, parcel: Parcel, mutation: Mutation) -> list[str]:
    """Put evidence on its install's chain, whatever else becomes of it, and return what is odd about its place."""
    if desk.was_seen(parcel.digest):
        return []
    prev = mutation.set.get("prev", "")
    fault = judge_link(prev if isinstance(prev, str) else "?", desk.evidence_head, desk.was_seen)
    desk.evidence_head = parcel.digest
    desk.evidence[parcel.digest] = Evidence(
        install_id=desk.actor.install_id, n=parcel.n, hash=parcel.digest, prev=str(prev), kind=mutation.kind,
        id=mutation.id, mutation=parcel.raw, received_at=desk.at,
        countersignature=desk.known.countersign(parcel.digest),
    )  # fmt: skip
    if fault is ErrorCode.CHAIN_FORK:
        desk.raise_review(parcel, "flag", Problem(code=fault.code, args={"prev": prev}), mark="chain")
    return [fault.code] if fault else []


def _judge_access(desk: Desk, kind: Kind, mutation: Mutation) -> list[str]:
    """Accept evidence about a record that has left the person's scope, if it was made before that (P8)."""
    outside = desk.references_outside(kind, mutation.set)
    if not outside:
        return []
    made_at = estimate_made_at(mutation.made_at, desk.device, desk.now)
    for reference in kind.record.references:
        if reference.field in outside:
            stored = desk.work.find(Key(reference.kind, mutation.set[reference.field]))
            if stored is None or made_at > _access_ended(desk, stored):
                raise Refused(ErrorCode.NOT_IN_SCOPE, fields=[reference.field])
    return [ErrorCode.AFTER_REVOCATION.code]


def _access_ended(desk: Desk, stored: Stored) -> str:
    """Return the last moment at which the person could see a record, "" if never."""
    scope, past = desk.actor.buckets, desk.actor.past
    ended = [past[bucket] for bucket in stored.buckets if bucket in past]
    left = stored.left.items()
    moved = [min(at, past.get(bucket, at)) for bucket, at in left if bucket in scope or bucket in past]
    return max(ended + moved, default="")
