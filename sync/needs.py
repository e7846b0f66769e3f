"""Needs: which records and numbers a batch of mutations asks of the store before it can be settled."""

from collections.abc import Iterable
from functools import lru_cache
from typing import TypeGuard

import msgspec

from contracts.base import RecordId
from contracts.policy import Op
from contracts.push import Mutation
from sync.kind import Kinds
from sync.numbering import number_key
from sync.parcels import Parcel
from sync.store import Key, NumberKey, make_key

ID_LENGTH = 36


def keys_of(parcels: Iterable[Parcel], kinds: Kinds) -> set[Key]:
    """Return the identities of all records that these mutations are about or refer to."""
    keys: set[Key] = set()
    for parcel in parcels:
        mutation = parcel.mutation
        if parcel.begins is not None:
            keys.add(parcel.begins)
        if mutation is not None:
            keys.add(key_of(mutation))
            if mutation.kind in kinds and kinds[mutation.kind].record.references:
                keys.update(references_of(mutation, kinds).values())
    return keys


def key_of(mutation: Mutation) -> Key:
    """Return the identity of the record that a mutation is about."""
    return make_key((mutation.kind, mutation.id))


def references_of(mutation: Mutation, kinds: Kinds) -> dict[str, Key]:
    """Return field → the record that it names; what is no id names none."""
    kind = kinds.get(mutation.kind)
    if kind is None or not kind.record.references:
        return {}
    named = ((one, mutation.set.get(one.field)) for one in kind.record.references)
    return {one.field: make_key((one.kind, id)) for one, id in named if _is_id(id)}


def numbers_of(parcels: Iterable[Parcel], kinds: Kinds) -> list[NumberKey]:
    """Return the queue numbers that these mutations would use; an invalid one is passed over, it will be parked."""
    numbers = []
    for parcel in parcels:
        mutation = parcel.mutation
        kind = kinds.get(mutation.kind) if mutation else None
        if mutation is None or kind is None or kind.record.numbered is None or mutation.op is not Op.CREATE:
            continue
        body = kind.begin(mutation.set)
        try:
            msgspec.convert(body, kind.record)
        except msgspec.ValidationError:
            continue
        numbers.append(number_key(kind.record.numbered, body))
    return numbers


def _is_id(value: object) -> TypeGuard[str]:
    return isinstance(value, str) and len(value) == ID_LENGTH and _is_record_id(value)


@lru_cache(maxsize=1024)  # a batch mostly names few records, again and again
def _is_record_id(value: str) -> bool:
    try:
        msgspec.convert(value, RecordId)
    except msgspec.ValidationError:
        return False
    return True
