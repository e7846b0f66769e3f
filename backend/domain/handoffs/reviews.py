"""Reviews of visits: the queue follows the grades, and what a person says on the tablet reaches the supervisors."""

from collections.abc import Sequence

import msgspec

from backend.domain.orgs.queries import orgs_above
from backend.domain.visits.queries import queue_visits
from backend.domain.visits.rules.reviewing import OUTCOMES, outcome_of, state_after, step_of
from backend.domain.visits.rules.waiting import Waiting, waiting_of
from backend.storage.unit import SqlUnit
from contracts.base import Body
from contracts.kinds.visit_grade import ReviewStep, VisitGrade
from contracts.kinds.visit_reply import VisitReply
from sync.puts import Put
from sync.store import AuditEntry, Key, Stored, Write

GRADE, REPLY = "visit_grade", "visit_reply"

_grade = msgspec.json.Decoder(VisitGrade)
_reply = msgspec.json.Decoder(VisitReply)


def queue_grades(unit: SqlUnit, writes: Sequence[Write], _at: str) -> list[Put]:
    """Keep the queue: what waits for a supervisor stands in it, for its institution and each above it.

    What somebody has corrected counts nowhere, so it waits no more; its correction waits if it has to.
    """
    moved: dict[str, Waiting | None] = {}
    for write in writes:
        before, after = _waiting(write.before), _waiting(write.after)
        if before != after:
            moved[write.after.id] = after
    if moved:
        lines = orgs_above(unit.connection, {one.org_id for one in moved.values() if one})
        areas = {org_id: [row.org_id for row in line] or [org_id] for org_id, line in lines.items()}
        queue_visits(unit.connection, moved, areas)
    return []


def take_replies(unit: SqlUnit, writes: Sequence[Write], at: str) -> list[Put]:
    """Let answers and appeals move the reviews that they are about, and tell their authors what became of them."""
    told = [(write.after.id, _reply.decode(write.after.body)) for write in writes if write.after.standing == "live"]
    fresh = [(id, reply) for id, reply in told if reply.outcome is None]
    found = unit.records([Key(GRADE, reply.visit_id) for _, reply in fresh])
    grades = {key.id: stored.body for key, stored in found.items() if stored.standing == "live"}
    puts = []
    for id, reply in fresh:
        outcome = _take(grades, reply, at)
        zh, en = OUTCOMES[outcome]
        body = msgspec.to_builtins(reply) | {"outcome": outcome, "zh": zh, "en": en}
        puts.append(Put(kind=REPLY, id=id, body=body))
        unit.audit(_entry(reply, outcome, at))
    changed = [(id, body) for id, body in grades.items() if body != found[Key(GRADE, id)].body]
    return puts + [Put(kind=GRADE, id=id, body=msgspec.json.decode(body)) for id, body in changed]


def with_step(body: Body, state: str, step: ReviewStep) -> Body:
    """Return a grade's body after one more step of its review."""
    return body | {"review_state": state, "steps": [*body.get("steps", []), msgspec.to_builtins(step)]}


def _take(grades: dict[str, bytes], reply: VisitReply, at: str) -> str:
    """Put a reply on its visit's grade if it may stand there; return what became of it."""
    known = grades.get(reply.visit_id)
    if known is None:
        return "not_asked" if reply.sort == "answer" else "not_rejected"
    grade, author = _grade.decode(known), reply.author or ""
    outcome = outcome_of(grade.author, grade.review_state, grade.steps, reply.sort, author)
    if outcome == "taken":
        step = step_of(reply.sort, by=author, at=reply.made_at or at, text=reply.text, steps=grade.steps)
        state = state_after(grade.review_state, reply.sort)
        grades[reply.visit_id] = msgspec.json.encode(with_step(msgspec.json.decode(known), state, step))
    return outcome


def _waiting(stored: Stored | None) -> Waiting | None:
    if stored is None or stored.standing != "live":
        return None
    return waiting_of(stored.id, _grade.decode(stored.body))


def _entry(reply: VisitReply, outcome: str, at: str) -> AuditEntry:
    """Note that somebody answered or appealed; what they wrote is in the record alone."""
    return AuditEntry(
        stream=f"org:{reply.org_id or ''}", at=at, actor=reply.author or "", action=f"visit_{reply.sort}",
        subject=reply.visit_id, result=outcome,
    )  # fmt: skip
