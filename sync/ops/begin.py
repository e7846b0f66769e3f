"""Operations that begin a record: create, and append for evidence."""

from collections.abc import Mapping
from typing import Any

from contracts.base import Body, Problem
from contracts.errors import ErrorCode
from contracts.policy import Op
from contracts.push import Mutation, Outcome
from sync.clock import estimate_made_at
from sync.desk import Desk, Refused
from sync.kind import Kind
from sync.merge import get_path, is_same, set_paths, spread
from sync.needs import key_of
from sync.numbering import judge_number, number_key
from sync.parcels import Parcel
from sync.store import Evidence, Stored


def create(desk: Desk, kind: Kind, parcel: Parcel, mutation: Mutation) -> Outcome:
    """Begin a record; a retired id never comes back, and the same record begun twice is one."""
    if (settled := _settle_existing(desk, parcel, mutation)) is not None:
        return settled
    desk.check_names(kind, mutation)
    if kind.life and mutation.set.get(kind.life.field, kind.life.first) != kind.life.first:
        raise Refused(ErrorCode.READ_ONLY_FIELD, fields=[kind.life.field])
    if kind.record.references and (outside := desk.references_outside(mutation)):
        raise Refused(ErrorCode.NOT_IN_SCOPE, fields=list(outside))
    body = _with_extra(kind, mutation.set) | desk.stamps(kind, mutation, is_new=True)
    if kind.life:
        body |= desk.note_state(kind.life, body, kind.life.first, mutation, body, version=1)
    stored = desk.version(kind, mutation.id, None, body)
    desk.check_home(kind, stored, body, Op.CREATE)
    flags = _take_number(desk, kind, parcel, mutation.id, body) if kind.record.numbered else []
    if flags:
        stored = desk.version(kind, mutation.id, None, body | {"flags": flags})
    desk.work.put(stored)
    return Outcome(n=parcel.n, status="applied", version=stored.version, flags=flags)


def append(desk: Desk, kind: Kind, parcel: Parcel, mutation: Mutation) -> Outcome:
    """Accept evidence: doubts about chain or access become flags, never refusals."""
    if not parcel.is_signed:
        raise Refused(ErrorCode.BAD_SIGNATURE, wrong="evidence must be signed")
    if (settled := _settle_existing(desk, parcel, mutation)) is not None:
        return settled
    desk.check_names(kind, mutation)
    fault = desk.known.places[parcel.hash].fault
    flags = ([fault.code] if fault else []) + _judge_access(desk, mutation)
    stamps = desk.stamps(kind, mutation, is_new=True)
    sealed = {"hash": parcel.hash, "countersignature": desk.countersign(parcel.hash), "flags": flags}
    body = _with_extra(kind, mutation.set) | stamps | sealed
    stored = desk.version(kind, mutation.id, None, body)
    desk.check_home(kind, stored, body, Op.APPEND)
    desk.work.put(stored)
    return Outcome(n=parcel.n, status="applied", version=stored.version, flags=flags)


def link(desk: Desk, parcel: Parcel, mutation: Mutation) -> None:
    """Put evidence on its install's chain, whatever else becomes of it; a fork alarms."""
    prev, fault, is_new = desk.known.places[parcel.hash]
    if not is_new:
        return
    desk.evidence_head = parcel.hash
    desk.evidence[parcel.hash] = Evidence(
        install_id=desk.actor.install_id, n=parcel.n, hash=parcel.hash, prev=prev or "", kind=mutation.kind,
        id=mutation.id, mutation=parcel.raw, received_at=desk.at, countersignature=desk.countersign(parcel.hash),
    )  # fmt: skip
    if fault is ErrorCode.CHAIN_FORK:
        desk.raise_review(parcel, "flag", Problem(code=fault.code, args={"prev": prev}), mark="chain")


def _settle_existing(desk: Desk, parcel: Parcel, mutation: Mutation) -> Outcome | None:
    existing = desk.work.find(key_of(mutation))
    if existing is None or existing.standing == "parked":
        return None
    if existing.standing == "deleted":
        raise Refused(ErrorCode.ID_RETIRED)
    kind = desk.kinds[existing.kind]
    body, typed = kind.read(existing.body), spread(mutation.set, kind)
    kept = {path: value for path, value in typed.items() if path not in kind.record.fleeting}
    is_known = all(is_same(kind, path, get_path(body, path), value) for path, value in kept.items())
    if mutation.op is Op.CREATE and is_known and desk.actor.sees(existing.buckets):
        return Outcome(n=parcel.n, status="noop", version=existing.version)
    raise Refused(ErrorCode.ID_TAKEN)


def _with_extra(kind: Kind, named: Mapping[str, Any]) -> Body:
    """Return the body that `set` makes; what only a newer schema knows goes to `extra` (P9)."""
    if named.keys() <= kind.offered:
        return kind.begin(named)
    extra = {name: value for name, value in named.items() if kind.policy(name) is None}
    body = kind.begin(set_paths({}, {name: value for name, value in named.items() if name not in extra}))
    return body | {"extra": extra} if extra else body


def _take_number(desk: Desk, kind: Kind, parcel: Parcel, id: str, body: Body) -> list[str]:
    """Note a queue number's use and return what is odd about it; the customer holds the paper, so it stands."""
    assert kind.record.numbered is not None
    key = number_key(kind.record.numbered, body)
    flags = judge_number(
        key, id, install_id=desk.actor.install_id, letter=desk.known.letter, leases=desk.known.leases, taken=desk.taken
    )  # fmt: skip
    desk.numbers.append((key, id))
    first = desk.taken.setdefault(key, id)
    if ErrorCode.NUMBER_COLLISION in flags:
        problem = Problem(code=ErrorCode.NUMBER_COLLISION.code, args={**key._asdict(), "other": first})
        desk.raise_review(parcel, "flag", problem, mark="number")
    return [flag.code for flag in flags]


def _judge_access(desk: Desk, mutation: Mutation) -> list[str]:
    """Accept evidence about a record that has left the person's scope, if it was made before that (P8)."""
    outside = desk.references_outside(mutation)
    if not outside:
        return []
    made_at = estimate_made_at(mutation.made_at, desk.device, desk.now)
    for field, stored in outside.items():
        if stored is None or made_at > _access_ended(desk, stored):
            raise Refused(ErrorCode.NOT_IN_SCOPE, fields=[field])
    return [ErrorCode.AFTER_REVOCATION.code]


def _access_ended(desk: Desk, stored: Stored) -> str:
    """Return the last moment at which the person could see a record, "" if never."""
    scope, past = desk.actor.buckets, desk.actor.past
    ended = [past[bucket] for bucket in stored.buckets if bucket in past]
    left = stored.left.items()
    moved = [min(at, past.get(bucket, at)) for bucket, at in left if bucket in scope or bucket in past]
    return max(ended + moved, default="")
