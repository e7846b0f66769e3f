"""Moves: a record's state changed by the server itself - a machine at the door, a teller's system, the day's end."""

from collections.abc import Mapping
from typing import Any

import msgspec

from contracts.base import Body
from contracts.policy import Step
from sync.errors import NotFound
from sync.kind import Kinds
from sync.puts import Put, put_records
from sync.store import Key, Unit
from sync.transitions import decide_transition, note_state


class Moved(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it: the matrix's step, the record as it stands now, and the state it had before."""

    step: Step
    body: Body
    version: int
    before: str


def move_record(
    unit: Unit, kinds: Kinds, key: Key, to: str, facts: Mapping[str, Any], *, by: str, at: str, happened_at: str = ""
) -> Moved:
    """Ask for another state of a record, by the same matrix that rules the tablets.

    Only Step.APPLY changes anything. `happened_at` is when it happened, if not `at`. Raises NotFound for a record that
    is not live, Malformed if the body that follows does not hold.
    """
    kind = kinds[key.kind]
    stored = unit.records([key]).get(key)
    if stored is None or stored.standing != "live":
        raise NotFound(**key._asdict())
    assert kind.life is not None, f"{kind.name} has no states"
    body = kind.read(stored.body)
    current = body[kind.life.field]
    step = decide_transition(kind.life, current, to)
    if step is not Step.APPLY:
        return Moved(step=step, body=body, version=stored.version, before=current)
    stamps = {name: value for name, value in (("state_by", by), ("state_at", at)) if name in kind.stamped}
    noted = note_state(kind.life, body, to, at=happened_at or at, by=by, facts=facts,
                       version=stored.version + 1)  # fmt: skip
    moved = {**body, **facts} | {kind.life.field: to} | stamps | noted
    writes = put_records(unit, kinds, [Put(kind=key.kind, id=key.id, body=moved)], by=by, at=at)
    return Moved(step=step, body=moved, version=writes[0].after.version, before=current)
