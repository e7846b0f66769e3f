"""Queue numbers on records: does a ticket's number come from its install's lease, and is it the only one."""

from collections.abc import Collection, Mapping

from contracts.base import Body
from contracts.errors import ErrorCode
from contracts.policy import Numbered
from sync.store import LeaseRow, NumberKey


def number_key(numbered: Numbered, body: Body) -> NumberKey:
    """Return the identity of the number that a body holds."""
    return NumberKey(
        branch=body[numbered.branch],
        series=body[numbered.series],
        date=body[numbered.date],
        overflow=body.get(numbered.overflow) or "",
        number=body[numbered.number],
    )


def judge_number(
    key: NumberKey,
    id: str,
    *,
    install_id: str,
    letter: str,
    leases: Collection[LeaseRow],
    taken: Mapping[NumberKey, str],
) -> list[ErrorCode]:
    """Return what is odd about a number; the ticket stands all the same (protocol.md §6)."""
    flags = []
    if key in taken and taken[key] != id:
        flags.append(ErrorCode.NUMBER_COLLISION)
    if not (key.overflow == letter if key.overflow else _is_leased(key, install_id, leases)):
        flags.append(ErrorCode.NUMBER_OUTSIDE_LEASE)
    return flags


def _is_leased(key: NumberKey, install_id: str, leases: Collection[LeaseRow]) -> bool:
    return any(
        lease.install_id == install_id and lease.series == key.series and lease.lo <= key.number <= lease.hi
        for lease in leases
        if lease.branch == key.branch and lease.date == key.date
    )
