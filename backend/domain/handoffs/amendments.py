"""Which visits stand in place of an earlier one: a false `amends` must not make another visit count no more."""

from collections.abc import Mapping
from typing import Protocol

import msgspec

from backend.storage.unit import SqlUnit
from sync.store import Key


class Amending(Protocol):
    """A visit, as far as it is read here."""

    @property
    def author(self) -> str | None: ...
    @property
    def customer_id(self) -> str: ...
    @property
    def amends(self) -> str | None: ...


class _Original(msgspec.Struct):
    customer_id: str
    author: str | None = None


_original = msgspec.json.Decoder(_Original).decode


def true_amends(unit: SqlUnit, visits: Mapping[str, Amending]) -> dict[str, str]:
    """Return visit → the one that it corrects: of the same author, about the same customer; others correct nothing.

    The signed record keeps what its author wrote.
    """
    keys = {id: Key("visit", visit.amends) for id, visit in visits.items() if visit.amends}
    found = unit.records(list(keys.values())) if keys else {}
    originals = {key: _original(stored.body) for key, stored in found.items() if stored.standing == "live"}
    return {
        id: key.id for id, key in keys.items()
        if (one := originals.get(key)) is not None
        and (one.author, one.customer_id) == (visits[id].author, visits[id].customer_id)
    }  # fmt: skip
