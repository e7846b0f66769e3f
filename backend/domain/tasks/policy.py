"""Where the workbench lives and who may touch what: tasks, plans, notices, letters, notes, preferences, leads."""

from collections.abc import Iterable

from contracts.base import Body
from contracts.policy import Op
from sync.kind import Actor
from sync.moments import read_moment

ANSWERS_FOR_OTHERS = frozenset({"supervisor", "administrator"})


def buckets(body: Body) -> frozenset[str]:
    """Return whoever has to do a task, and whoever asked for it (003-06)."""
    return _people((body.get("assignee"), body.get("author")))


def plan_buckets(body: Body) -> frozenset[str]:
    """Return the author of a plan and all who take part."""
    return _people((body.get("author"), *body.get("people", ())))


def letter_buckets(body: Body) -> frozenset[str]:
    """Return whoever wrote a letter and whoever it is for."""
    return _people((body.get("author"), *body["to"]))


def lead_buckets(body: Body) -> frozenset[str]:
    """Return whoever follows a lead; its finder and its supervisor keep seeing what becomes of it."""
    return _people((body.get("author"), body.get("supervisor"), body.get("owner")))


def own_buckets(body: Body) -> frozenset[str]:
    """Return the one person whose note or preference it is."""
    return _people((body.get("author"),))


def busy_buckets(body: Body) -> frozenset[str]:
    """Return the colleagues of an institution."""
    return frozenset({f"team:{body['org_id']}"})


def notice_buckets(body: Body) -> frozenset[str]:
    """Return the colleagues of each institution whose board it hangs on."""
    return frozenset(f"team:{org_id}" for org_id in body["orgs"])


def may_post(actor: Actor, op: Op, body: Body) -> bool:
    """Let anybody write on the own institution's board, supervisors on others' too; a notice is its author's alone."""
    if op is not Op.CREATE and body.get("author") != actor.staff_no:
        return False
    return set(body["orgs"]) == {actor.org_id} or not actor.roles.isdisjoint(ANSWERS_FOR_OTHERS)


def may_follow(actor: Actor, op: Op, body: Body) -> bool:
    """Let supervisors alone assign a lead that was escalated; who recorded it or follows it does all else (003-03)."""
    if op is Op.TRANSITION and body.get("state") == "assigned":
        return not actor.roles.isdisjoint(ANSWERS_FOR_OTHERS)
    return True


def check_plan(body: Body) -> str | None:
    """Say what is wrong with a plan, or None."""
    starts_at, ends_at = read_moment(body["starts_at"]), read_moment(body["ends_at"])
    if starts_at is None or ends_at is None:
        return "`starts_at` and `ends_at` must be moments"
    return "`ends_at` must not be before `starts_at`" if ends_at < starts_at else None


def _people(staff_nos: Iterable[str | None]) -> frozenset[str]:
    return frozenset(f"staff:{staff_no}" for staff_no in staff_nos if staff_no)
