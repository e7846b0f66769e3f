"""Lifts: a mutation of any schema ever shipped, brought up to today's or parked for a person (P10)."""

import msgspec

from contracts.base import Problem
from contracts.errors import ErrorCode
from sync.kind import Actor, Kinds
from sync.parcels import Parcel


def schema_of(parcel: Parcel, actor: Actor) -> int:
    """Return the schema that a mutation was made under: what it says itself, else what its request says."""
    return (parcel.mutation.schema if parcel.mutation else 0) or actor.schema


def lift(parcel: Parcel, kinds: Kinds, actor: Actor, today: int) -> Parcel:
    """Return the parcel with its mutation in today's words; digest, signature and what was typed stay as they came.

    A kind that says nothing of a schema did not change with it. A lift returns None where no machine can lift.
    """
    mutation = parcel.mutation
    if mutation is None or mutation.kind not in kinds or not kinds[mutation.kind].lifts:
        return parcel
    schema = schema_of(parcel, actor)
    if schema >= today:
        return parcel
    lifts = kinds[mutation.kind].lifts
    for step in sorted(step for step in lifts if step >= schema):
        lifted = lifts[step](mutation)
        if lifted is None:
            problem = Problem(code=ErrorCode.SCHEMA_UNKNOWN.code, args={"schema": schema, "today": today})
            return msgspec.structs.replace(parcel, mutation=None, problem=parcel.problem or problem)
        mutation = lifted
    return msgspec.structs.replace(parcel, mutation=mutation)
