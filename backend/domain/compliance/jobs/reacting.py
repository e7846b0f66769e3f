"""What follows for duties from a fact that has just come: few of them are judged again, at once."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date

from sqlalchemy import Connection

from backend.domain.compliance.jobs.judging import Court, open_months, recount_closed
from backend.domain.compliance.jobs.sources import Sources
from backend.domain.compliance.policy import slips_of
from backend.domain.compliance.queries import facts
from backend.domain.compliance.queries.obligations import Change, apply_changes, begin_revision, load_months
from backend.domain.compliance.queries.setup import has_rules
from backend.domain.compliance.rules.closing import MonthState
from backend.domain.compliance.rules.facts import VisitFact
from sync.puts import Put

BY = "duty"
VISITS_NAMED_MAX = 20  # in the reason of a revision

Touched = Mapping[str, Collection[date]]  # customer → days of which something came


def judge_again(
    connection: Connection, sources: Sources, customer_ids: Collection[str], as_of: date
) -> list[Put]:  # fmt: skip
    """Judge the customers' open duties again and write what changed; return the records that must follow."""
    if not customer_ids or not has_rules(connection):
        return []
    months = open_months(connection, as_of, is_kept_still=True)
    judged = Court(connection, sources, as_of, months).judge(customer_ids)
    apply_changes(connection, judged.changes)
    slips = slips_of((change.either for change in judged.changes), judged.kept, as_of)
    return [Put(kind="duty", id=id, body=body) for id, body in sorted(slips.items())]


def take_visits(
    connection: Connection, sources: Sources, told: Sequence[VisitFact], as_of: date, at: str
) -> list[Put]:  # fmt: skip
    """Let visits count at once: for open duties, and for closed months as a revision with its reason.

    One that is told again, as after a review, counts as it is now. Return the records that must follow.
    """
    known = facts.known_visits(connection, [one.visit_id for one in told])
    news = [one for one in told if known.get(one.visit_id) != one]
    if not news:
        return []
    facts.note_visits(connection, news)
    touched: dict[str, set[date]] = {}
    for one in (*news, *known.values()):
        touched.setdefault(one.customer_id, set()).add(one.day)
    cause = "review" if any(one.visit_id in known for one in news) else "late_visit"
    reason = ", ".join(sorted(one.visit_id for one in news)[:VISITS_NAMED_MAX])
    revise_closed(connection, touched, as_of, cause=cause, reason=reason, by=BY, at=at)
    return judge_again(connection, sources, touched, as_of)


def revise_closed(
    connection: Connection, touched: Touched, as_of: date, *, cause: str, reason: str, by: str, at: str
) -> list[Change]:  # fmt: skip
    """Count again what came for days of closed months; a month that changes gets a revision, and keeps its old numbers.

    Return what changed.
    """
    closed = [row.month for row in load_months(connection) if row.state is MonthState.FINAL]
    changes = recount_closed(connection, touched, as_of, closed) if closed and touched else []
    months = sorted({change.either.month for change in changes})
    revisions = {
        month: begin_revision(connection, month, cause=cause, reason=reason, by=by, at=at) for month in months
    }  # fmt: skip
    if changes:
        apply_changes(connection, changes, revisions)
    return changes
