"""Puts: records written by the server itself - CRM import, jobs, supervisors - through the same unit of work."""

from collections.abc import Callable, Sequence

import msgspec
from msgspec import Struct

from contracts.base import Body
from sync.errors import Malformed
from sync.kind import Kind, Kinds
from sync.records import Workspace, deleted, new_version
from sync.store import Key, Outbound, Stored, Unit, Write

Guard = Callable[[Stored, Body], bool]  # may this body replace what is there?


class Put(Struct, frozen=True, kw_only=True):
    """A record's whole new body; None deletes it."""

    kind: str
    id: str
    body: Body | None


def put_records(
    unit: Unit, kinds: Kinds, puts: Sequence[Put], *, by: str, at: str, guard: Guard | None = None
) -> list[Write]:
    """Write records and return those that changed; an equal body, a retired id or a refusing `guard` changes nothing.

    Raises Malformed if a body does not hold.
    """
    work = Workspace(unit.records({Key(put.kind, put.id) for put in puts}))
    for put in puts:
        try:
            _put(work, kinds, put, by=by, at=at, guard=guard)
        except msgspec.ValidationError as error:
            raise Malformed(f"{put.kind} {put.id}: {error}") from error
    writes = work.writes()
    if writes:
        unit.save_records(writes)
        unit.send([_outbound(write, at) for write in writes if kinds[write.after.kind].is_outbound])
    return writes


def _put(work: Workspace, kinds: Kinds, put: Put, *, by: str, at: str, guard: Guard | None) -> None:
    key = Key(put.kind, put.id)
    stored, live = work.find(key), work.find_live(key)
    if stored is not None and stored.standing == "deleted":
        return
    if put.body is None:
        if live is not None:
            work.put(deleted(live, by=by, at=at), cause="deleted")
        return
    if live is not None and guard is not None and not guard(live, put.body):
        return
    kind = kinds[put.kind]
    touched = _touched(kind, live, put.body) if live is not None else []
    if live is None or touched:
        work.put(new_version(kind, put.id, stored, put.body, touched, by=by, at=at))


def _touched(kind: Kind, live: Stored, body: Body) -> list[str]:
    old, new = kind.read(live.body), {**kind.defaults, **body}
    return [name for name in (*kind.policies, "extra") if old.get(name) != new.get(name)]


def _outbound(write: Write, at: str) -> Outbound:
    return Outbound(kind=write.after.kind, id=write.after.id, version=write.after.version, at=at)
