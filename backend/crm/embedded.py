"""The embedded CRM: takes accepted work off the outbox and decides requests, in the database that it shares."""

from collections.abc import Callable, Mapping
from functools import partial

from msgspec import Struct

from backend.crm.inbound import BY
from backend.crm.rules import Verdict, after_review, decide, disputes
from backend.domain.staff.queries import find_staff, holders_of
from backend.storage.outbox import Waiting, list_waiting, take_off
from backend.storage.snapshot import SqlSnapshot
from backend.storage.sql_store import SqlStore
from backend.storage.unit import SqlUnit
from contracts.base import Body, Problem
from contracts.errors import Actor as Who
from contracts.errors import ErrorCode
from contracts.version import SCHEMA
from sync.engine import Engine
from sync.kind import Actor, Kind, Kinds
from sync.moments import write_moment
from sync.puts import Put, put_records
from sync.reviews import new_review, review_id
from sync.store import AuditEntry, Key, Stored

PAGE = 200  # rows of the outbox that are looked at together
FINAL = frozenset({"accepted", "rejected", "withdrawn"})


class Drained(Struct, frozen=True, kw_only=True):
    """What one drain did; `held` requests wait for a supervisor."""

    taken: int = 0
    accepted: int = 0
    conflict: int = 0
    rejected: int = 0
    held: int = 0


def drain_outbox(engine: Engine, store: SqlStore) -> Drained:
    """Decide every request that waits, each in a transaction of its own, and take everything else as handed over.

    May be run again, or by two at once: a row leaves the outbox together with its effect. A request in conflict
    stays until a supervisor has settled its review.
    """
    counts = dict.fromkeys(Drained.__struct_fields__, 0)
    after = 0
    while rows := store.read(partial(_page, after)):
        for row in rows:
            done = store.write(partial(_settle, engine.kinds, row, write_moment(engine.clock())))
            counts[done] += 1
        after = rows[-1].position
    return Drained(**counts)


def _page(after: int, look: SqlSnapshot) -> list[Waiting]:
    return list_waiting(look.connection, after, PAGE)


def _settle(kinds: Kinds, row: Waiting, at: str, unit: SqlUnit) -> str:
    """Do what a row asks for, and return what that was."""
    request = _live(unit, Key(row.kind, row.id)) if row.kind == "request" else None
    body = kinds["request"].read(request.body) if request else {}
    if not body or body["state"] in FINAL or request is None or row.version < request.version:
        take_off(unit.connection, [row.position])  # visits lie here already; an older version is told by a newer row
        return "taken"
    deed = DEEDS[body["state"]]
    done = deed(kinds, unit, row.id, body, at)
    if done != "held":
        take_off(unit.connection, [row.position])
    return done


def _decide(kinds: Kinds, unit: SqlUnit, id: str, body: Body, at: str) -> str:
    subject = _live(unit, Key(body["subject_kind"], body["subject_id"]))
    if subject is None:
        return _close(kinds, unit, id, body, ("rejected", "the CRM does not have this record any more"), at)
    current = kinds[subject.kind].read(subject.body)
    verdict = decide(current, body["proposed"], _whole(kinds[subject.kind], body["believed"]))
    if verdict.state == "conflict":
        return _open_conflict(kinds, unit, id, body, subject, verdict, at)
    if verdict.take:
        _revise(kinds, unit, subject, verdict.take, at)
    return _close(kinds, unit, id, body, ("accepted", verdict.note), at)


def _open_conflict(
    kinds: Kinds, unit: SqlUnit, id: str, body: Body, subject: Stored, verdict: Verdict, at: str
) -> str:  # fmt: skip
    """Tell the author, and ask a supervisor; the CRM's value goes only to an author who may still read it (I5)."""
    values = dict(verdict.disputed) if _may_read(unit, body["author"], subject) else {}
    review = _review_of(id, body)
    asked = {"n": 0, "kind": subject.kind, "id": subject.id, "op": "propose", "set": body["proposed"],
             "base": body["believed"], "reason": body["reason"]}  # fmt: skip
    case = new_review(
        actor=_author(unit, body), n=0, schema=SCHEMA, sort="conflict", at=at, mutation=asked,
        must_act=Who.SUPERVISOR.value,
        problem=Problem(
            code=ErrorCode.FIELD_CONFLICT.code, args={"fields": sorted(verdict.disputed), "request": id}
        ),
        fields=disputes(verdict, body["proposed"], review),
    )  # fmt: skip
    told = {"state": "conflict", "state_by": BY, "state_at": at, "crm_values": values, "decision_note": verdict.note}
    put_records(unit, kinds, [Put(kind="request", id=id, body=body | told)], by=BY, at=at)
    put_records(unit, kinds, [Put(kind="review", id=review, body=case)], by=BY, at=at)
    _note(unit, id, "conflict", at)
    return "conflict"


def _follow(kinds: Kinds, unit: SqlUnit, id: str, body: Body, at: str) -> str:
    """Follow the supervisor's decision about a request in conflict; hold the row while there is none."""
    review = _live(unit, Key("review", _review_of(id, body)))
    case = kinds["review"].read(review.body) if review else {"state": "discarded", "settled_reason": ""}
    ended = after_review(case["state"], case["settled_reason"])
    if ended is None:
        return "held"
    subject = _live(unit, Key(body["subject_kind"], body["subject_id"]))
    if ended[0] == "accepted" and subject is not None:
        _revise(kinds, unit, subject, {}, at)
    return _close(kinds, unit, id, body, ended, at)


def _whole(kind: Kind, believed: Body) -> Body:
    """Return what the author saw; a tablet names a default as nothing, since it stays off the wire."""
    return {name: kind.defaults.get(name) if value is None else value for name, value in believed.items()}


def _revise(kinds: Kinds, unit: SqlUnit, subject: Stored, take: Mapping[str, object], at: str) -> None:
    """Make the CRM's next revision of a record."""
    current = kinds[subject.kind].read(subject.body)
    revised = {**current, **take, "crm_revision": current["crm_revision"] + 1, "as_of": at}
    put_records(unit, kinds, [Put(kind=subject.kind, id=subject.id, body=revised)], by=BY, at=at)


def _close(kinds: Kinds, unit: SqlUnit, id: str, body: Body, ended: tuple[str, str], at: str) -> str:
    state, note = ended
    told = {"state": state, "state_by": BY, "state_at": at, "decision_note": note}
    put_records(unit, kinds, [Put(kind="request", id=id, body=body | told)], by=BY, at=at)
    _note(unit, id, state, at)
    return state


def _note(unit: SqlUnit, id: str, result: str, at: str) -> None:
    unit.audit(AuditEntry(stream=f"server:{BY}", at=at, actor=BY, action="decide", subject=id, result=result))


def _review_of(id: str, body: Body) -> str:
    return review_id(body.get("install_id") or "", 0, id, BY)


def _author(unit: SqlUnit, body: Body) -> Actor:
    person = find_staff(unit.connection, body["author"])
    assert person is not None, "only somebody who works here could propose"
    return Actor(install_id=body["install_id"], staff_no=body["author"], org_id=person.org_id)


def _may_read(unit: SqlUnit, author: str, subject: Stored) -> bool:
    return any(author in holders_of(unit.connection, bucket) for bucket in subject.buckets)


def _live(unit: SqlUnit, key: Key) -> Stored | None:
    stored = unit.records([key]).get(key)
    return stored if stored is not None and stored.standing == "live" else None


DEEDS: Mapping[str, Callable[[Kinds, SqlUnit, str, Body, str], str]] = {"open": _decide, "conflict": _follow}
