"""What supervisors decide about visits: each decision once, by the right person, told to the visitor and to duty."""

from functools import partial

import msgspec

from backend.auth.trail import note_of_org
from backend.domain.handoffs.reviews import with_step
from backend.domain.orgs.queries import orgs_below
from backend.domain.visits.rules.reviewing import ACCEPT, Hindrance, hindrance_of, news_of, state_after, step_of
from backend.identity import Role, require
from backend.storage.sql_store import SqlStore
from backend.storage.unit import SqlUnit
from backend.sync_api.visits.desk import GRADE, get_grade, items_of
from backend.sync_api.visits.items import decode_grade
from contracts.kinds.visit_grade import VisitGrade
from contracts.visits import QueueItem, VisitDecision
from sync.engine import Engine
from sync.errors import AlreadyDecided, Malformed, OwnWork, VisitChanged
from sync.kind import Actor
from sync.moments import write_moment
from sync.puts import Put, put_records
from sync.secrets import carries_secret
from sync.store import Stored


class VisitDeeds:
    """Decisions about visits of the caller's area."""

    def __init__(self, engine: Engine, store: SqlStore) -> None:
        self._engine, self._store = engine, store

    def decide(self, actor: Actor, visit_id: str, said: VisitDecision) -> QueueItem:
        """Accept, reject or ask; the same decision again gets the same answer and changes nothing.

        The visitor's tablet is told with the next sync; the duty is counted again, a closed month by a revision.
        Raises Forbidden, NotFound outside the area, OwnWork for the own visit and for an appeal against oneself,
        AlreadyDecided if somebody was first, VisitChanged if the visit is not what the person saw, Malformed.
        """
        require(actor, Role.SUPERVISOR)
        if said.decision != ACCEPT and not said.reason.strip():
            raise Malformed("Say why, or what you ask: `reason` is what the visitor reads.")
        if carries_secret({"reason": said.reason}):
            raise Malformed("`reason` carries a password, PIN or card secret; such things are never stored")
        return self._store.write(partial(self._decide, actor, visit_id, said))

    def _decide(self, actor: Actor, visit_id: str, said: VisitDecision, unit: SqlUnit) -> QueueItem:
        stored = get_grade(unit, visit_id, orgs_below(unit.connection, actor.org_id))
        grade = decode_grade(stored.body)
        if not _is_repeated(grade, actor, said):
            _check(grade, stored, actor, said)
            self._write(unit, stored, grade, actor, said)
        (item,) = items_of(unit, [visit_id], actor.staff_no)
        return item

    def _write(
        self, unit: SqlUnit, stored: Stored, grade: VisitGrade, actor: Actor, said: VisitDecision
    ) -> None:  # fmt: skip
        at, by = write_moment(self._engine.clock()), actor.staff_no
        step = step_of(said.decision, by=by, at=at, text=said.reason, steps=grade.steps, seen=said.version)
        state = state_after(grade.review_state, said.decision)
        body = with_step(msgspec.json.decode(stored.body), state, step) | news_of(step)
        put_records(unit, self._engine.kinds, [Put(kind=GRADE, id=stored.id, body=body)], by=by, at=at)
        detail = {"from": grade.review_state, "to": state, "grade": grade.grade, "author": grade.author}
        note_of_org(
            unit, grade.org_id or "", by, "review_visit", at, subject=stored.id, result=said.decision, detail=detail
        )  # fmt: skip


def _is_repeated(grade: VisitGrade, actor: Actor, said: VisitDecision) -> bool:
    """Say whether this very decision was taken already: an answer was lost, and its request came again."""
    asked = (actor.staff_no, said.decision, said.reason, said.version)
    return any((step.by, step.deed, step.text, step.seen) == asked for step in grade.steps)


def _check(grade: VisitGrade, stored: Stored, actor: Actor, said: VisitDecision) -> None:
    hindrance = hindrance_of(grade.author, grade.review_state, grade.steps, said.decision, actor.staff_no)
    if hindrance is Hindrance.OWN_WORK:
        raise OwnWork("nobody reviews the own visit")
    moved = [step for step in grade.steps if step.seen >= said.version]
    if hindrance is Hindrance.DECIDED or moved:
        raise AlreadyDecided(
            "somebody decided about this visit meanwhile", state=grade.review_state, by=_last_by(grade),
            version=stored.version,
        )  # fmt: skip
    if hindrance is Hindrance.SECOND_PERSON:
        raise OwnWork("another person decides than whoever has decided about this visit before")
    if hindrance is Hindrance.TOO_MANY:
        raise Malformed("So much was asked about this visit that it has to be decided now.")
    if stored.version != said.version:
        raise VisitChanged(version=stored.version, grade=grade.grade, state=grade.review_state)


def _last_by(grade: VisitGrade) -> str | None:
    return grade.steps[-1].by if grade.steps else None
