"""Judge: a person's decision about a conflict or a parked mutation, and what follows from it (protocol.md §5)."""

from collections.abc import Callable, Collection, Mapping

import msgspec
from msgspec import Raw

from contracts.base import Body
from contracts.errors import Actor as Who
from contracts.policy import Op
from contracts.review import Decision, DecisionRequest, ReviewItem
from sync.desk import Desk, Known
from sync.errors import AlreadyDecided, Forbidden, Malformed, NotFound, OwnWork, StillRefused
from sync.merge import set_paths
from sync.moments import write_moment
from sync.needs import keys_of, numbers_of
from sync.ops import settle
from sync.parcels import Parcel, unpack
from sync.push import PushContext
from sync.records import Workspace, new_version
from sync.store import AuditEntry, Install, Key, Stored, Unit

AFTER: Mapping[Decision, str] = {
    Decision.KEEP: "kept",
    Decision.OVERRIDE: "overridden",
    Decision.RETRY: "retried",
    Decision.EDIT: "edited",
    Decision.DISCARD: "discarded",
}


def judge_review(
    unit: Unit, review_id: str, request: DecisionRequest, context: PushContext, area: Collection[str]
) -> ReviewItem:
    """Carry out a decision and settle the review, all in one unit.

    Raises NotFound outside the caller's area, OwnWork for a supervisor's own mutation, AlreadyDecided if
    somebody was first, StillRefused with the reason if a retried mutation is refused again.
    """
    key = Key("review", review_id)
    stored = unit.records([key]).get(key)
    if stored is None or stored.standing != "live":
        raise NotFound("there is no such review")
    body = context.kinds["review"].read(stored.body)
    _check_judge(body, context, area)
    if body["state"] != "open" or stored.version != request.version:
        raise AlreadyDecided(state=body["state"], version=stored.version)
    work = Workspace({key: stored})
    DEEDS[request.decision](unit, work, body, request, context)
    return _settle(unit, work, stored, body, request, context)


def _check_judge(body: Body, context: PushContext, area: Collection[str]) -> None:
    """An author settles what asks for the author; all else is for a supervisor of the area, never on own work."""
    is_author = body["author"] == context.actor.staff_no
    if is_author and body["must_act"] == Who.AUTHOR.value:
        return
    if body["org_id"] not in area:
        raise NotFound("there is no such review")
    if is_author:
        raise OwnWork


def _settle(
    unit: Unit, work: Workspace, stored: Stored, body: Body, request: DecisionRequest, context: PushContext
) -> ReviewItem:
    at, by = write_moment(context.now), context.actor.staff_no
    settled = {
        "state": AFTER[request.decision], "settled_by": by, "settled_at": at, "settled_reason": request.reason
    }  # fmt: skip
    kind = context.kinds["review"]
    after = new_version(kind, stored.id, stored, body | settled, settled, by=by, at=at)
    work.put(after)
    unit.save_records(work.writes())
    detail = {"decision": request.decision.value, "reason": request.reason, "author": body["author"]}
    entry = AuditEntry(
        stream=f"org:{body['org_id']}", at=at, actor=by, action="review", subject=stored.id, detail=detail
    )
    unit.audit(entry)
    return ReviewItem(id=stored.id, version=after.version, body=body | settled)


def _leave(_unit: Unit, _work: Workspace, _body: Body, request: DecisionRequest, _context: PushContext) -> None:
    if request.decision is Decision.DISCARD and not request.reason.strip():
        raise Malformed("discarding what somebody typed needs a reason")


def _override(unit: Unit, work: Workspace, body: Body, request: DecisionRequest, context: PushContext) -> None:
    """Make the loser's disputed values a normal new version of the record."""
    key = Key(body.get("subject_kind") or "", body.get("subject_id") or "")
    subject = unit.records([key]).get(key)
    mine = {field["field"]: field.get("mine") for field in body.get("fields", ()) if field.get("conflict")}
    if subject is None or subject.standing != "live" or not mine:
        raise Malformed("there is no disputed value to put in the record's place")
    work.load(subject)
    mine |= {name: value for name, value in request.set.items() if name in mine}
    try:
        changed = set_paths(context.kinds[key.kind].read(subject.body), mine)
        by, at = context.actor.staff_no, write_moment(context.now)
        work.put(new_version(context.kinds[key.kind], key.id, subject, changed, mine, by=by, at=at))
    except msgspec.ValidationError as error:
        raise Malformed(str(error)) from error


def _retry(unit: Unit, work: Workspace, body: Body, request: DecisionRequest, context: PushContext) -> None:
    """Try the parked mutation again as its author's, with the judge's authority over scope."""
    if body["sort"] != "parked":
        raise Malformed("only a parked mutation can be tried again")
    install = unit.find_install(body["install_id"])
    if install is None:
        raise NotFound("the install of this mutation is not known any more")
    parcel = _parcel(body, request, install)
    desk = _open_desk(unit, work, body, parcel, install, context)
    outcome = settle(desk, parcel)
    if outcome.problem is not None:
        raise StillRefused(code=outcome.problem.code, **outcome.problem.args)
    if desk.numbers:
        unit.take_numbers(desk.numbers)


def _parcel(body: Body, request: DecisionRequest, install: Install) -> Parcel:
    typed = dict(body["mutation"])
    if request.decision is Decision.EDIT:
        if not request.set:
            raise Malformed("an edit needs the corrected values in `set`")
        typed["set"] = {**(typed.get("set") or {}), **request.set}
        typed.pop("sig", None)  # what a supervisor corrects is not the device's word any more
    parcel = unpack([Raw(msgspec.json.encode(typed))], install.public_key)[0]
    is_evidence_edit = request.decision is Decision.EDIT and typed.get("op") == Op.APPEND.value
    if is_evidence_edit:
        raise Forbidden("evidence is amended by its author, never edited")
    return parcel


def _open_desk(unit: Unit, work: Workspace, body: Body, parcel: Parcel, install: Install, context: PushContext) -> Desk:
    mutations = [parcel.mutation] if parcel.mutation else []
    for stored in unit.records(keys_of(mutations, context.kinds)).values():
        work.load(stored)
    author = msgspec.structs.replace(
        context.actor, install_id=install.install_id, staff_no=body["author"], org_id=body["org_id"], is_granted=True
    )  # fmt: skip
    known = Known(
        letter=install.letter,
        evidence_head=install.evidence_head,
        taken=unit.taken(numbers_of(mutations, context.kinds)),
        was_seen=lambda hash: unit.has_evidence(install.install_id, hash),
        countersign=context.countersign,
    )
    return Desk(author, context.kinds, work, known, now=context.now, device=context.device, schema=context.schema)


DEEDS: Mapping[Decision, Callable[[Unit, Workspace, Body, DecisionRequest, PushContext], None]] = {
    Decision.KEEP: _leave,
    Decision.OVERRIDE: _override,
    Decision.RETRY: _retry,
    Decision.EDIT: _retry,
    Decision.DISCARD: _leave,
}
