"""What one person plans, colleagues see as busy - the hours, and nothing of what it is about (003-06)."""

from collections.abc import Sequence

import msgspec

from backend.storage.unit import SqlUnit
from contracts.kinds import Plan
from sync.puts import Put
from sync.store import Write

_plan = msgspec.json.Decoder(Plan)


def show_busy(_unit: SqlUnit, writes: Sequence[Write], _at: str) -> list[Put]:
    """Return for each plan the busy hours of its people, under the plan's own id; none once it is cancelled."""
    return [Put(kind="busy", id=write.after.id, body=_busy_of(write)) for write in writes]


def _busy_of(write: Write) -> dict[str, object] | None:
    if write.after.standing != "live":
        return None
    plan = _plan.decode(write.after.body)
    if plan.state == "cancelled":
        return None
    staff = sorted(plan.people | ({plan.author} if plan.author else set()))
    return {"org_id": plan.org_id, "staff": staff, "starts_at": plan.starts_at, "ends_at": plan.ends_at}
