"""A visit's review: who may do what from which state, and what the person concerned is told of it."""

from collections.abc import Mapping, Sequence
from enum import StrEnum

from contracts.base import Body
from contracts.kinds.visit_grade import STEPS_MAX, ReviewStep

ACCEPT, REJECT, ASK, ANSWER, APPEAL = "accept", "reject", "ask", "answer", "appeal"
DECISIONS = frozenset({ACCEPT, REJECT})
DEEDS = (ACCEPT, REJECT, ASK)  # of supervisors
APPEALED, REJECTED, ACCEPTED = "appealed", "rejected", "accepted"
DECIDED_STATES = frozenset({ACCEPTED, REJECTED})
OPEN_STATES = frozenset({"pending", "asked", "answered", APPEALED})  # somebody has to decide

# State → what a supervisor may do. A visit that counts by itself can still turn out false, as by a call back.
FROM: Mapping[str, frozenset[str]] = {
    "counted": frozenset({REJECT, ASK}),
    "pending": frozenset(DEEDS),
    "asked": frozenset(DEEDS),
    "answered": frozenset(DEEDS),
    APPEALED: frozenset(DEEDS),
    ACCEPTED: frozenset({REJECT}),
    REJECTED: frozenset(),
}
TO: Mapping[str, str] = {ACCEPT: ACCEPTED, REJECT: REJECTED, ASK: "asked", ANSWER: "answered", APPEAL: APPEALED}

SENTENCES: Mapping[str, tuple[str, str]] = {
    ACCEPT: ("主管已复核：这次拜访有效，计入走访。", "A supervisor looked at this visit: it counts."),
    REJECT: (
        "主管已复核：这次拜访不计入走访。如有异议，您可以申诉一次，由另一位主管决定。",
        "A supervisor looked at this visit: it does not count. You can appeal once; another supervisor then decides.",
    ),
    ASK: ("主管请您说明情况，请在平板上答复。", "A supervisor has a question about this visit; please answer it here."),
    ANSWER: ("您已答复，等待主管决定。", "You have answered; a supervisor will decide."),
    APPEAL: ("您已申诉，由另一位主管决定。", "You have appealed; another supervisor will decide."),
}
UPHELD: Mapping[str, tuple[str, str]] = {
    ACCEPT: ("您的申诉成立：这次拜访有效，计入走访。", "Your appeal was upheld: the visit counts."),
    REJECT: ("您的申诉未获支持：这次拜访仍不计入走访。", "Your appeal was not upheld: the visit still does not count."),
}
OUTCOMES: Mapping[str, tuple[str, str]] = {
    "taken": ("已送达主管。", "It has reached the supervisors."),
    "not_asked": ("目前没有等待您答复的问题。", "No question about this visit waits for an answer."),
    "not_rejected": (
        "这次拜访没有被否决，无需申诉。",
        "This visit is not rejected, so there is nothing to appeal against.",
    ),
    "appealed_before": ("每次拜访只能申诉一次。", "A visit can be appealed for once only."),
    "not_yours": ("这不是您的拜访。", "This visit is not yours."),
    "too_many": ("往来说明已达上限，请直接联系主管。", "Too much has been said here; please talk to your supervisor."),
}


class Hindrance(StrEnum):
    """Why somebody may not do something to a visit."""

    OWN_WORK = "own_work"  # nobody reviews the own visit
    SECOND_PERSON = "second_person"  # another person than whoever decided before must do this
    DECIDED = "decided"
    TOO_MANY = "too_many"  # questions, without end


def hindrance_of(author: str, state: str, steps: Sequence[ReviewStep], deed: str, by: str) -> Hindrance | None:
    """Return what keeps a supervisor from a deed, or None (domain-rules.md §6, two-person rule).

    An appeal is decided by nobody who decided about this visit before; so is a visit that was accepted already.
    """
    if author == by:
        return Hindrance.OWN_WORK
    if deed not in FROM[state] or (state == ACCEPTED and has_appealed(steps)):
        return Hindrance.DECIDED
    if state in (APPEALED, ACCEPTED) and by in deciders_of(steps):
        return Hindrance.SECOND_PERSON
    return Hindrance.TOO_MANY if deed == ASK and len(steps) >= STEPS_MAX - 4 else None


def deeds_of(author: str, state: str, steps: Sequence[ReviewStep], by: str) -> list[str]:
    """Return what a supervisor may do to a visit now."""
    return [deed for deed in DEEDS if hindrance_of(author, state, steps, deed, by) is None]


def outcome_of(grade_author: str, state: str, steps: Sequence[ReviewStep], sort: str, by: str) -> str:
    """Return what becomes of a reply of the person concerned: `taken`, or why it is not."""
    if grade_author != by:
        return "not_yours"
    if len(steps) >= STEPS_MAX:
        return "too_many"
    if sort == ANSWER:
        return "taken" if steps and steps[-1].deed == ASK else "not_asked"
    if has_appealed(steps):
        return "appealed_before"
    return "taken" if state == REJECTED else "not_rejected"


def state_after(state: str, deed: str) -> str:
    """Return the state that a deed leads to; a question about an appeal and its answer leave the appeal open."""
    return APPEALED if state == APPEALED and deed not in DECISIONS else TO[deed]


def step_of(deed: str, *, by: str, at: str, text: str, steps: Sequence[ReviewStep], seen: int = 0) -> ReviewStep:
    """Return a step with what the person concerned is told of it."""
    told = UPHELD if deed in UPHELD and has_appealed(steps) else SENTENCES
    zh, en = told[deed]
    return ReviewStep(at=at, by=by, deed=deed, text=text, zh=zh, en=en, seen=seen)  # type: ignore[arg-type]  # one of the words above


def news_of(step: ReviewStep) -> Body:
    """Return what a step changes in a grade beside state and steps: who decided last, and why."""
    if step.deed not in DECISIONS:
        return {}
    return {"reviewed_by": step.by, "reviewed_at": step.at, "review_reason": step.text}


def has_appealed(steps: Sequence[ReviewStep]) -> bool:
    """Say whether the person concerned has appealed."""
    return any(step.deed == APPEAL for step in steps)


def deciders_of(steps: Sequence[ReviewStep]) -> frozenset[str]:
    """Return who has accepted or rejected the visit so far."""
    return frozenset(step.by for step in steps if step.deed in DECISIONS)
