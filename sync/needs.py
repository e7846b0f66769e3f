"""Needs: which records and numbers a batch of mutations asks of the store before it can be settled."""

from collections.abc import Iterable

import msgspec

from contracts.policy import Op
from contracts.push import Mutation
from sync.desk import key_of
from sync.kind import Kinds
from sync.numbering import number_key
from sync.store import Key, NumberKey


def keys_of(mutations: Iterable[Mutation], kinds: Kinds) -> set[Key]:
    """Return the identities of all records that these mutations are about or refer to."""
    keys = set()
    for mutation in mutations:
        keys.add(key_of(mutation))
        kind = kinds.get(mutation.kind)
        for reference in kind.record.references if kind else ():
            id = mutation.set.get(reference.field)
            if isinstance(id, str):
                keys.add(Key(reference.kind, id))
    return keys


def numbers_of(mutations: Iterable[Mutation], kinds: Kinds) -> list[NumberKey]:
    """Return the queue numbers that these mutations would use; an invalid one is passed over, it will be parked."""
    numbers = []
    for mutation in mutations:
        kind = kinds.get(mutation.kind)
        if kind is None or kind.record.numbered is None or mutation.op is not Op.CREATE:
            continue
        body = kind.begin(mutation.set)
        try:
            msgspec.convert(body, kind.record)
        except msgspec.ValidationError:
            continue
        numbers.append(number_key(kind.record.numbered, body))
    return numbers
