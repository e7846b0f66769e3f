"""Judge: a person's decision about a conflict or a parked mutation, and what follows from it (protocol.md §5)."""

from collections.abc import Callable, Mapping

import msgspec
from msgspec import Raw, Struct

from contracts.base import Body
from contracts.errors import Actor as Who
from contracts.errors import ErrorCode
from contracts.policy import Op
from contracts.review import Decision, DecisionRequest, ReviewItem
from sync.errors import AlreadyDecided, Forbidden, Malformed, NotFound, OwnWork, StillRefused
from sync.kind import Area
from sync.lifts import lift
from sync.merge import set_paths
from sync.moments import write_moment
from sync.ops import settle
from sync.parcels import Parcel, unpack
from sync.push import PushContext, open_desk, save_effects
from sync.records import Workspace, new_version
from sync.reviews import disputed_values, review_id
from sync.secrets import carries_secret
from sync.store import AuditEntry, Evidence, Install, Key, NumberKey, Stored, Unit

AFTER: Mapping[Decision, str] = {
    Decision.KEEP: "kept",
    Decision.OVERRIDE: "overridden",
    Decision.RETRY: "retried",
    Decision.EDIT: "edited",
    Decision.DISCARD: "discarded",
}


def judge_review(unit: Unit, id: str, request: DecisionRequest, context: PushContext, area: Area) -> ReviewItem:
    """Carry out a decision and settle the review, all in one unit.

    Raises NotFound outside the caller's area, OwnWork for a supervisor's own mutation, AlreadyDecided if
    somebody was first, StillRefused with the reason if a retried mutation is refused again.
    """
    key = Key("review", id)
    stored = unit.records([key]).get(key)
    if stored is None or stored.standing != "live":
        raise NotFound("there is no such review")
    body = context.kinds["review"].read(stored.body)
    _check_judge(body, context, area)
    if body["state"] != "open" or stored.version != request.version:
        raise AlreadyDecided(state=body["state"], version=stored.version)
    if carries_secret(request.set):
        raise Malformed("`set` carries a password, PIN or card secret; such things are never stored")
    case = Case(unit, Workspace({key: stored}), stored, body, request, context, area)
    DEEDS[request.decision](case)
    return _settle(case)


class Case(Struct, frozen=True):
    """A review under judgement."""

    unit: Unit
    work: Workspace
    stored: Stored
    body: Body
    request: DecisionRequest
    context: PushContext
    area: Area
    evidence: list[Evidence] = []
    numbers: list[tuple[NumberKey, str]] = []

    @property
    def is_own(self) -> bool:
        """Say whether the author decides, in their own right and no other."""
        return bool(self.body["author"] == self.context.actor.staff_no)


def _check_judge(body: Body, context: PushContext, area: Area) -> None:
    """An author settles what asks for the author; all else is for a supervisor of the area, never on own work."""
    is_author = body["author"] == context.actor.staff_no
    if is_author and body["must_act"] == Who.AUTHOR.value:
        return
    if body["org_id"] not in area.orgs:
        raise NotFound("there is no such review")
    if is_author:
        raise OwnWork


def _settle(case: Case) -> ReviewItem:
    stored, body, request = case.stored, case.body, case.request
    at, by = write_moment(case.context.now), case.context.actor.staff_no
    settled = {
        "state": AFTER[request.decision], "settled_by": by, "settled_at": at, "settled_reason": request.reason
    }  # fmt: skip
    kinds = case.context.kinds
    after = new_version(kinds["review"], stored.id, stored, body | settled, settled, by=by, at=at)
    made = [f"{write.after.kind}/{write.after.id}/{write.after.version}" for write in case.work.writes()]
    case.work.put(after)
    save_effects(case.unit, kinds, case.work, at, evidence=case.evidence, numbers=case.numbers)
    detail = {"decision": request.decision.value, "reason": request.reason, "author": body["author"], "made": made}
    entry = AuditEntry(
        stream=f"org:{body['org_id']}", at=at, actor=by, action="review", subject=stored.id, detail=detail
    )
    case.unit.audit(entry)
    return ReviewItem(id=stored.id, version=after.version, body=body | settled)


def _leave(case: Case) -> None:
    if case.request.decision is Decision.DISCARD and not case.request.reason.strip():
        raise Malformed("discarding what somebody typed needs a reason")


def _override(case: Case) -> None:
    """Make the loser's disputed values a normal new version of the record."""
    key = Key(case.body.get("subject_kind") or "", case.body.get("subject_id") or "")
    subject = case.unit.records([key]).get(key)
    mine = disputed_values(case.body)
    if subject is None or subject.standing != "live" or not mine:
        raise Malformed("there is no disputed value to put in the record's place")
    kind, actor = case.context.kinds[key.kind], case.context.actor
    before = kind.read(subject.body)
    may_own = actor.sees(subject.buckets) and kind.may(actor, Op.PATCH, before)
    if not (may_own if case.is_own else subject.buckets & case.area.buckets):
        raise Forbidden("the record is not yours to change")
    mine |= {name: value for name, value in case.request.set.items() if name in mine}
    try:
        case.work.load(subject)
        changed, at = set_paths(before, mine), write_moment(case.context.now)
        case.work.put(new_version(kind, key.id, subject, changed, mine, by=actor.staff_no, at=at))
    except msgspec.ValidationError as error:
        raise Malformed(str(error)) from error


def _retry(case: Case) -> None:
    """Try again what was not applied, as its author's, with the judge's authority over scope."""
    body, context = case.body, case.context
    if body["sort"] == "flag" or disputed_values(body):
        raise Malformed("only what was not applied can be tried again")
    install = case.unit.find_install(body["install_id"])
    if install is None:
        raise NotFound("the install of this mutation is not known any more")
    actor = msgspec.structs.replace(context.actor, install_id=install.install_id, schema=body["schema"])
    if not case.is_own:
        actor = msgspec.structs.replace(actor, staff_no=body["author"], org_id=body["org_id"], lent=case.area.buckets)
    parcel = lift(_parcel(case, install), context.kinds, actor, context.schema)
    sitting = msgspec.structs.replace(context, actor=actor)
    desk = open_desk(
        case.unit, install, [parcel], sitting, work=case.work, attempt=f"{case.stored.id}|{case.stored.version}"
    )
    outcome = settle(desk, parcel)
    if outcome.problem is not None:
        raise StillRefused(code=outcome.problem.code, **outcome.problem.args)
    case.evidence.extend(desk.evidence.values())
    case.numbers.extend(desk.numbers)


def _parcel(case: Case, install: Install) -> Parcel:
    typed = dict(case.body["mutation"])
    if case.request.decision is Decision.EDIT:
        typed = _edited(case, typed)
    return unpack([Raw(msgspec.json.encode(typed))], install.public_key)[0]


def _edited(case: Case, typed: Body) -> Body:
    if not case.request.set:
        raise Malformed("an edit needs the corrected values in `set`")
    if typed.get("op") == Op.APPEND.value:
        raise Forbidden("evidence is amended by its author, never edited")
    was = typed.get("set")
    typed["set"] = {**(was if isinstance(was, dict) else {}), **case.request.set}
    typed.pop("sig", None)  # what a person corrects is not the device's word any more
    if case.body["cause"] == ErrorCode.GONE.code and typed.get("op") == Op.PATCH.value:
        # A retired id never comes back: what was typed lives on as a new record, completed by the judge.
        typed |= {"op": Op.CREATE.value, "id": review_id(case.body["install_id"], case.body["n"], "", "revived")}
    return typed


DEEDS: Mapping[Decision, Callable[[Case], None]] = {
    Decision.KEEP: _leave,
    Decision.OVERRIDE: _override,
    Decision.RETRY: _retry,
    Decision.EDIT: _retry,
    Decision.DISCARD: _leave,
}
