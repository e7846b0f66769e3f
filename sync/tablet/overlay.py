"""The optimistic overlay: a record as its author must see it before the server has spoken. Pure."""

from collections.abc import Iterable, Mapping

from msgspec import Struct

from contracts.base import Body
from contracts.policy import Op, Record, Step
from contracts.push import Mutation
from sync.merge import get_path, set_paths
from sync.moments import read_moment, write_moment
from sync.transitions import note_state

Records = Mapping[str, type[Record]]


class View(Struct, frozen=True, kw_only=True):
    """A record with one's own unacknowledged mutations on top."""

    kind: str
    id: str
    version: int  # as last pulled; 0 when only this tablet knows the record
    body: Body
    proposed: Body = {}  # asked of the CRM and not decided yet; shown beside the value that still holds
    pending: tuple[int, ...] = ()  # the mutations that are in this view and in no complete pull yet


def overlaid(record: type[Record], body: Body | None, mutation: Mutation) -> Body | None:
    """Return the body after `mutation` as the tablet expects it; None when there is no such record (any more)."""
    if mutation.op in (Op.CREATE, Op.APPEND):
        return set_paths({}, mutation.set) if body is None else body
    if body is None or mutation.op is Op.DELETE:
        return None
    if mutation.op is Op.PATCH:
        return set_paths(body, mutation.set)
    return _moved(record, body, mutation) if mutation.op is Op.TRANSITION else body


def proposals(mutations: Iterable[Mutation]) -> Body:
    """Return the values that these mutations ask the CRM to take."""
    return {path: value for it in mutations if it.op is Op.PROPOSE for path, value in it.set.items()}


def state_of(record: type[Record], body: Body) -> str:
    """Return a record's state; the wire leaves the first one out."""
    assert record.life is not None, f"{record.kind} has no life"
    state: str = body.get(record.life.field) or record.life.first
    return state


def believed(body: Body, paths: Iterable[str]) -> Body:
    """Return the `base` of a mutation: what the tablet holds for each path, None for nothing."""
    return {path: get_path(body, path) for path in paths}


def _moved(record: type[Record], body: Body, mutation: Mutation) -> Body:
    """Return the body in its new state, unchanged when the matrix will not simply apply it."""
    life, asked = record.life, mutation.set
    assert life is not None, f"{record.kind} has no life"
    if life.matrix[state_of(record, body)].get(asked["to"], Step.PARK) is not Step.APPLY:
        return body
    facts, wall = asked.get("facts", {}), read_moment(mutation.made_at.wall)
    at = write_moment(wall) if wall else mutation.made_at.wall
    noted = note_state(life, body, asked["to"], at=at, by=None, facts=facts)
    return {**body, **facts, life.field: asked["to"], **noted}
