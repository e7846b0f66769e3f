"""Leases: blocks of numbers for tablets without a line, and the account of every number (protocol.md §6)."""

import hmac
from collections.abc import Collection, Iterable, Mapping
from datetime import date, datetime, timedelta
from itertools import pairwise

import msgspec
from msgspec import Struct

from contracts.leases import HELD_MAX, Lease, LeaseRequest, LeaseReturn
from sync.errors import Malformed, NotFound, TooManyLeases
from sync.kind import Actor
from sync.moments import write_moment
from sync.signing import decode_base64url, encode_base64url
from sync.store import LeaseRow, NumberKey, Unit

NUMBERS_MAX = 3000  # that one install may be given of one line on one day, returned ones included


class LineReport(Struct, frozen=True, kw_only=True):
    """The account of one series on one day: every number that was ever given out is in exactly one place."""

    series: str
    issued: list[int]  # on a ticket
    unused: list[int]  # returned, or voided when the day ended
    missing: list[int]  # in a lease that ended, neither on a ticket nor returned: handed out, but never reported
    held: list[int]  # in a lease that is still open
    skipped: list[int]  # never leased: jumped over by a restore from backup
    stray: list[int]  # on a ticket, but in no lease
    collisions: list[int]
    overflow: Mapping[str, list[int]]  # install's letter → its numbers
    is_accounted: bool


class NumberReport(Struct, frozen=True, kw_only=True):
    """The account of all numbers of one branch on one day."""

    branch: str
    business_date: str
    lines: list[LineReport]

    @property
    def is_accounted(self) -> bool:
        """Say whether every number of every series is accounted for."""
        return all(line.is_accounted for line in self.lines)


def acquire(
    unit: Unit, request: LeaseRequest, actor: Actor, *, lease_id: str, now: datetime, secret: bytes, hours: float
) -> LeaseRow:
    """Return a new block of numbers, or the one that the same request got before.

    Any real day will do: the tablet's clock may be wrong, and that refuses nothing. Raises Malformed, TooManyLeases.
    """
    _check_day(request.business_date)
    for token in request.held:
        take_back(unit, token, actor.install_id, secret)
    earlier = unit.find_lease_by_request(actor.install_id, request.request_id)
    if earlier is not None:
        if (earlier.branch, earlier.series, earlier.date) != (request.branch, request.series, request.business_date):
            raise Malformed("this request_id has asked for another line before")
        return earlier
    _check_appetite(unit, request, actor)
    usable = [lease for lease in unit.open_leases(actor.install_id) if lease.expires_at > write_moment(now)]
    if len(usable) >= HELD_MAX:
        raise TooManyLeases(leases_max=HELD_MAX)
    lo = unit.next_number(request.branch, request.series, request.business_date, request.want)
    lease = LeaseRow(
        lease_id=lease_id, request_id=request.request_id, install_id=actor.install_id,
        branch=request.branch, series=request.series, date=request.business_date,
        lo=lo, hi=lo + request.want - 1, expires_at=write_moment(now + timedelta(hours=hours)),
    )  # fmt: skip
    unit.save_lease(lease)
    return lease


def _check_appetite(unit: Unit, request: LeaseRequest, actor: Actor) -> None:
    """Refuse an install that burns a line: what it was given and returned counts as well."""
    given = [
        len(_numbers_of(lease))
        for lease in unit.leases(request.branch, request.business_date)
        if lease.install_id == actor.install_id and lease.series == request.series
    ]
    if sum(given) + request.want > NUMBERS_MAX:
        raise TooManyLeases(numbers_max=NUMBERS_MAX)


def give_back(unit: Unit, lease_id: str, returned: LeaseReturn, actor: Actor) -> LeaseRow:
    """Close a lease; all its numbers that no ticket uses count as returned. Raises NotFound."""
    lease = unit.find_lease(lease_id)
    if lease is None or lease.install_id != actor.install_id:
        raise NotFound("this install has no such lease")
    return _close(unit, lease, "returned", returned.unused) if lease.state == "open" else lease


def close_day(unit: Unit, branch: str, date: str) -> int:
    """End every open lease of a branch's day and return how many there were."""
    open_leases = [lease for lease in unit.leases(branch, date) if lease.state == "open"]
    for lease in open_leases:
        _close(unit, lease, "closed", None)
    return len(open_leases)


def account(
    branch: str, date: str, leases: Iterable[LeaseRow], numbers: Mapping[NumberKey, tuple[str, ...]]
) -> NumberReport:
    """Return where every number of a branch's day went; derived from leases and tickets, never from counters.

    Raises Malformed if there is no such day.
    """
    _check_day(date)
    leases = list(leases)
    series = sorted({lease.series for lease in leases} | {key.series for key in numbers})
    lines = [_account_line(name, [one for one in leases if one.series == name], numbers) for name in series]
    return NumberReport(branch=branch, business_date=date, lines=lines)


def as_lease(row: LeaseRow, letter: str, secret: bytes) -> Lease:
    """Return a lease as the wire shows it, with the token that survives a restore."""
    return Lease(
        lease_id=row.lease_id, branch=row.branch, series=row.series, business_date=row.date,
        lo=row.lo, hi=row.hi, expires_at=row.expires_at, token=write_token(row, secret), overflow=letter,
    )  # fmt: skip


def write_token(row: LeaseRow, secret: bytes) -> str:
    """Return the server's signed word that it gave this lease."""
    payload = msgspec.json.encode(msgspec.structs.replace(row, state="open", unused=()))
    return f"{encode_base64url(payload)}.{encode_base64url(_seal(payload, secret))}"


def read_token(token: str, secret: bytes) -> LeaseRow | None:
    """Return the lease that a token proves, or None if this server did not make it."""
    payload_text, _, seal_text = token.partition(".")
    try:
        payload, seal = decode_base64url(payload_text), decode_base64url(seal_text)
        return (
            msgspec.json.decode(payload, type=LeaseRow) if hmac.compare_digest(seal, _seal(payload, secret)) else None
        )
    except (ValueError, msgspec.DecodeError):
        return None


def _check_day(text: str) -> None:
    try:
        date.fromisoformat(text)
    except ValueError as error:
        raise Malformed("business_date is no day of the calendar") from error


def take_back(unit: Unit, token: str, install_id: str, secret: bytes) -> None:
    """Restore a lease that this database forgot when it was restored from a backup."""
    lease = read_token(token, secret)
    if lease is None or lease.install_id != install_id or unit.find_lease(lease.lease_id) is not None:
        return
    unit.raise_number(lease.branch, lease.series, lease.date, lease.hi)
    unit.save_lease(lease)


def _close(unit: Unit, lease: LeaseRow, state: str, unused: Collection[int] | None) -> LeaseRow:
    """Close a lease; a number that a ticket uses is never unused, whatever the tablet says."""
    keys = {NumberKey(lease.branch, lease.series, lease.date, "", n): n for n in _numbers_of(lease)}
    used = {keys[key] for key in unit.taken(keys)}
    free = [n for n in keys.values() if n not in used and (unused is None or n in unused)]
    closed = msgspec.structs.replace(lease, state=state, unused=free)
    unit.save_lease(closed)
    return closed


def _account_line(series: str, leases: list[LeaseRow], numbers: Mapping[NumberKey, tuple[str, ...]]) -> LineReport:
    used = {key: ids for key, ids in numbers.items() if key.series == series}
    leased = {n for lease in leases for n in _numbers_of(lease)}
    issued = {key.number for key in used if not key.overflow}
    held = {n for lease in leases if lease.state == "open" for n in _numbers_of(lease)} - issued
    unused = {n for lease in leases for n in lease.unused} - issued
    missing = leased - issued - held - unused
    stray = issued - leased
    clashing = sorted({key.number for key, ids in used.items() if len(ids) > 1})
    overflow = _by_letter(used)
    are_whole = all(found == list(range(1, len(found) + 1)) for found in overflow.values())
    return LineReport(
        series=series, issued=sorted(issued), unused=sorted(unused), missing=sorted(missing), held=sorted(held),
        skipped=sorted(set(range(1, max(leased, default=0) + 1)) - leased - stray),
        stray=sorted(stray), collisions=clashing, overflow=overflow,
        is_accounted=not (missing or stray or clashing) and are_whole and _are_disjoint(leases),
    )  # fmt: skip


def _numbers_of(lease: LeaseRow) -> range:
    return range(lease.lo, lease.hi + 1)


def _by_letter(used: Iterable[NumberKey]) -> dict[str, list[int]]:
    overflow: dict[str, list[int]] = {}
    for key in sorted(used):
        if key.overflow:
            overflow.setdefault(key.overflow, []).append(key.number)
    return overflow


def _are_disjoint(leases: list[LeaseRow]) -> bool:
    ordered = sorted(leases, key=lambda lease: lease.lo)
    return all(left.hi < right.lo for left, right in pairwise(ordered))


def _seal(payload: bytes, secret: bytes) -> bytes:
    return hmac.digest(secret, b"lease|" + payload, "sha256")[:16]
