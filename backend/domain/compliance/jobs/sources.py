"""What duty must be told by other slices: institutions above each other, and who holds a portfolio."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import Connection

from backend.domain.compliance.rules.ownership import Held


class Place(NamedTuple):
    """An institution with all above it, itself first; `bank` is the one of them that is a bank of its own."""

    line: Sequence[str]
    bank: str


class Sources(NamedTuple):
    """Questions that `backend.domain.handoffs` answers from other slices."""

    places: Callable[[Connection, Collection[str]], Mapping[str, Place]]
    holders: Callable[[Connection, Collection[str]], Mapping[str, Sequence[Held]]]
