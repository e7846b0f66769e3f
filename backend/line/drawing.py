"""Numbers that the server draws for a machine with a line: from blocks of its own, so that all are accounted for."""

from datetime import datetime
from uuid import uuid5

from backend.line.speech import NAMESPACE
from backend.storage.unit import SqlUnit
from contracts.leases import LeaseRequest
from sync.kind import Actor
from sync.leases import acquire
from sync.store import LeaseRow, NumberKey

BLOCK = 20


def draw(
    unit: SqlUnit, actor: Actor, series: str, date: str, *, now: datetime, secret: bytes, hours: float
) -> tuple[LeaseRow, int]:
    """Return the next number of a series for this machine, and the block it is from.

    A machine's own blocks stay untouched: it may be printing from them this minute. Whoever calls holds the install.
    Raises TooManyLeases.
    """
    mine = [
        one for one in unit.leases(actor.org_id, date) if (one.install_id, one.series) == (actor.install_id, series)
    ]
    requests = [_request_id(actor, series, date, at) for at in range(len(mine) + 1)]
    known = {one.request_id for one in mine}
    for lease in mine:
        if lease.state == "open" and lease.request_id in requests and (free := _free(unit, lease)) is not None:
            return lease, free
    fresh = next(request for request in requests if request not in known)
    wanted = LeaseRequest(branch=actor.org_id, series=series, business_date=date, want=BLOCK, request_id=fresh)
    lease = acquire(
        unit, wanted, actor, lease_id=str(uuid5(NAMESPACE, fresh)), now=now, secret=secret, hours=hours
    )  # fmt: skip
    return lease, lease.lo


def _free(unit: SqlUnit, lease: LeaseRow) -> int | None:
    keys = [NumberKey(lease.branch, lease.series, lease.date, "", n) for n in range(lease.lo, lease.hi + 1)]
    taken = unit.taken(keys)
    return next((key.number for key in keys if key not in taken), None)


def _request_id(actor: Actor, series: str, date: str, at: int) -> str:
    return str(uuid5(NAMESPACE, f"{actor.install_id}|{series}|{date}|{at}"))
