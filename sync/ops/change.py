"""Operations on a record that is there: patch, transition, delete."""

import msgspec

from contracts.base import Body, Problem
from contracts.errors import ErrorCode
from contracts.policy import Op, Step
from contracts.push import FieldOutcome, Mutation, Outcome
from sync.desk import Desk, Refused, open_subject
from sync.kind import Kind
from sync.merge import Merged, changed_in, merge_fields, set_paths, spread
from sync.needs import key_of
from sync.parcels import Parcel
from sync.records import deleted, new_version
from sync.reviews import disputed_by
from sync.store import Stored
from sync.transitions import Request, TransitionInvalid, decide_transition, read_request, states_since


def patch(desk: Desk, kind: Kind, parcel: Parcel, mutation: Mutation) -> Outcome:
    """Merge touched fields into the record, field by field."""
    subject, body = open_subject(desk, kind, mutation)
    mine = _patchable(desk, kind, mutation)
    _check_typed(kind, set_paths(body, mine))
    merged = merge_fields(
        kind, body, subject.field_versions, base_version=_seen(mutation, subject), base=mutation.base, mine=mine
    )
    explained = _explain(desk, parcel, merged, subject)
    version = subject.version
    if merged.taken:
        patched = set_paths(body, merged.taken)
        try:
            stored = new_version(
                kind, subject.id, subject, patched, merged.taken, by=desk.actor.staff_no, at=desk.at
            )  # fmt: skip
            if wrong := desk.objection(kind, Op.PATCH, body, patched):
                raise msgspec.ValidationError(wrong)
        except msgspec.ValidationError as error:
            problem = Problem(code=ErrorCode.VALIDATION_FAILED.code, args={"wrong": str(error)})
            if subject.version <= _seen(mutation, subject):
                raise Refused(ErrorCode.VALIDATION_FAILED, **problem.args) from error
            # Each side is valid, together they are not.
            return desk.conflict(parcel, problem, version, explained)
        desk.check_home(kind, stored, body, Op.PATCH)
        desk.work.put(stored)
        version = stored.version
    if merged.disputed:
        problem = Problem(code=ErrorCode.FIELD_CONFLICT.code, args={"fields": sorted(merged.disputed)})
        must_act = disputed_by(list(merged.disputed.values()))
        desk.raise_review(parcel, "conflict", problem, fields=explained, must_act=must_act)
    return Outcome(n=parcel.n, status=_status(desk, merged, mutation, subject), version=version, fields=explained)


def transition(desk: Desk, kind: Kind, parcel: Parcel, mutation: Mutation) -> Outcome:
    """Move a record's state; the matrix decides by the state that is there, unless others led it round meanwhile."""
    subject, body = open_subject(desk, kind, mutation)
    assert kind.life is not None, f"{kind.name} takes transitions, so it has a life"
    try:
        request = read_request(kind.life, mutation.set, _facts(desk, kind, mutation))
    except TransitionInvalid as error:
        raise Refused(ErrorCode.VALIDATION_FAILED, wrong=str(error)) from error
    current = body[kind.life.field]
    args = {"current": current, "requested": request.to}
    passed = states_since(kind.life, body, _seen(mutation, subject), desk.actor.staff_no)
    match decide_transition(kind.life, current, request.to, passed):
        case Step.APPLY:
            return _move(desk, kind, parcel, mutation, subject, body, request)
        case Step.NOOP:
            return Outcome(n=parcel.n, status="noop", version=subject.version)
        case Step.SUPERSEDE:
            args |= {"by": body.get("state_by") or subject.changed_by, "at": body.get("state_at") or subject.changed_at}
            return desk.conflict(parcel, Problem(code=ErrorCode.SUPERSEDED.code, args=args), subject.version, [])
        case Step.PARK:
            raise Refused(ErrorCode.TRANSITION_NOT_ALLOWED, **args)


def delete(desk: Desk, kind: Kind, parcel: Parcel, mutation: Mutation) -> Outcome:
    """Retire a record and its id; where deletes do not win, a change that the tablet has not seen stands."""
    gone = desk.work.find(key_of(mutation))
    if gone is not None and gone.standing == "deleted" and desk.actor.sees(gone.left.keys()):
        return Outcome(n=parcel.n, status="noop", version=gone.version)
    subject, body = open_subject(desk, kind, mutation)
    if wrong := desk.objection(kind, Op.DELETE, body, {}):
        raise Refused(ErrorCode.VALIDATION_FAILED, wrong=wrong)
    is_stale = subject.version > _seen(mutation, subject) and subject.changed_by != desk.actor.staff_no
    if is_stale and not kind.record.delete_wins:
        problem = Problem(code=ErrorCode.FIELD_CONFLICT.code, args={"version": subject.version})
        return desk.conflict(parcel, problem, subject.version, [])
    stored = deleted(subject, by=desk.actor.staff_no, at=desk.at)
    desk.work.put(stored, cause="deleted")
    return Outcome(n=parcel.n, status="applied", version=stored.version)


def _seen(mutation: Mutation, subject: Stored) -> int:
    """Return the version that the tablet has seen; one that the record has not reached yet proves nothing."""
    return mutation.base_version if mutation.base_version <= subject.version else 0


def _patchable(desk: Desk, kind: Kind, mutation: Mutation) -> Body:
    desk.check_names(kind, mutation)
    if fixed := sorted(kind.fixed & mutation.set.keys()):
        raise Refused(ErrorCode.READ_ONLY_FIELD, fields=fixed)
    if outside := desk.references_outside(mutation):
        raise Refused(ErrorCode.NOT_IN_SCOPE, fields=list(outside))
    known = {name: value for name, value in mutation.set.items() if kind.policy(name) is not None}
    extra = {f"extra.{name}": value for name, value in mutation.set.items() if name not in known}
    return spread(known, kind) | extra


def _check_typed(kind: Kind, body: Body) -> None:
    """Refuse values that would not be valid whatever others did."""
    try:
        kind.convert(body)
    except msgspec.ValidationError as error:
        raise Refused(ErrorCode.VALIDATION_FAILED, wrong=str(error)) from error


def _facts(desk: Desk, kind: Kind, mutation: Mutation) -> frozenset[str]:
    """Return the names that a transition may bring along: the contract's, and of a newer schema what is new (P9)."""
    assert kind.life is not None
    brought = mutation.set.get("facts")
    if not desk.is_newer(mutation) or not isinstance(brought, dict):
        return kind.life.facts
    return kind.life.facts | {name for name in brought if kind.policy(name) is None and "." not in name}


def _explain(desk: Desk, parcel: Parcel, merged: Merged, subject: Stored) -> list[FieldOutcome]:
    return [
        msgspec.structs.replace(
            field,
            **_credit(subject, field.field),
            conflict=desk.review_of(parcel) if field.field in merged.disputed else None,
        )
        for field in merged.explained
    ]


def _credit(subject: Stored, path: str) -> dict[str, str | None]:
    """Return who changed a path and when, if the record remembers: it knows its last change, and nobody else's."""
    if changed_in(subject.field_versions, path) != subject.version:
        return {}
    return {"theirs_by": subject.changed_by or None, "theirs_at": subject.changed_at or None}


def _status(desk: Desk, merged: Merged, mutation: Mutation, subject: Stored) -> str:
    if merged.explained:
        return "merged"
    if not merged.taken:
        return "noop"
    is_shared = subject.version > _seen(mutation, subject) and subject.changed_by != desk.actor.staff_no
    return "merged" if is_shared else "applied"


def _move(
    desk: Desk, kind: Kind, parcel: Parcel, mutation: Mutation, subject: Stored, body: Body, request: Request
) -> Outcome:
    assert kind.life is not None
    facts = {name if name in kind.life.facts else f"extra.{name}": value for name, value in request.facts.items()}
    changed = {kind.life.field: request.to, **facts} | desk.stamps(kind, mutation, is_new=False)
    changed |= desk.note_state(kind.life, body, request.to, mutation, request.facts, version=subject.version + 1)
    moved = set_paths(body, changed)
    if wrong := desk.objection(kind, Op.TRANSITION, body, moved):
        raise Refused(ErrorCode.VALIDATION_FAILED, wrong=wrong)
    stored = desk.version(kind, subject.id, subject, moved, changed)
    desk.check_home(kind, stored, moved, Op.TRANSITION)
    desk.work.put(stored)
    return Outcome(n=parcel.n, status="applied", version=stored.version)
