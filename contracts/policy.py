"""How a field's values meet, how a record's life goes, and what may be done to a kind: rules as data."""

from collections.abc import Mapping
from enum import Enum, StrEnum
from typing import ClassVar

from msgspec import Struct

from contracts.base import Body


class Merge(Enum):
    """What stands when two people changed the same field: protocol.md §5."""

    SERVER = "server"  # the server's value stands
    MINE = "mine"  # the pushed value stands
    LATEST_PUSH = "latest_push"  # whoever reaches the server last stands
    MAX = "max"
    MIN = "min"
    UNION = "union"  # a set keeps what anybody added
    APPEND = "append"  # a text or a list of rows keeps both, the earlier push first
    ASK = "ask"  # the server's stands until the author decides
    ESCALATE = "escalate"  # the server's stands until a supervisor decides
    STAMPED = "stamped"  # written by the server alone, refused from a tablet


class Step(Enum):
    """What happens when a requested state meets the current one."""

    APPLY = "apply"
    NOOP = "noop"  # it is so already
    SUPERSEDE = "supersede"  # somebody was first; theirs stands and the loser is told who and when
    PARK = "park"  # never allowed from here


Matrix = Mapping[str, Mapping[str, Step]]  # current → requested → step, total over both


class Op(StrEnum):
    """What a mutation wants of a record."""

    CREATE = "create"
    PATCH = "patch"
    TRANSITION = "transition"
    APPEND = "append"
    PROPOSE = "propose"
    DELETE = "delete"


class Life(Struct, frozen=True, kw_only=True):
    """The states of a kind, its first one, and the total matrix between them."""

    field: str = "state"
    first: str
    matrix: Matrix
    facts: frozenset[str] = frozenset()  # fields that a transition may bring along
    history: str | None = None  # the stamped list in which the server notes every state: to, at, by, and `noted` facts
    noted: frozenset[str] = frozenset()
    has_rounds: bool = False  # it comes back to earlier states: a request is about the round that its author saw


class Numbered(Struct, frozen=True, kw_only=True):
    """Which fields of a kind hold a number that comes from a lease."""

    branch: str = "branch_id"
    series: str = "series"
    date: str = "business_date"
    number: str = "number"
    overflow: str = "overflow"  # the install's letter when the number came from no lease


class Reference(Struct, frozen=True, kw_only=True):
    """A field that names a record of another kind, whose scope then counts as well."""

    field: str
    kind: str


class Record(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The body of a record; subclasses say the kind, and beside each field how it merges and how private it is."""

    kind: ClassVar[str]
    ops: ClassVar[frozenset[Op]] = frozenset()  # what tablets may ask
    life: ClassVar[Life | None] = None
    numbered: ClassVar[Numbered | None] = None
    references: ClassVar[tuple[Reference, ...]] = ()
    proposable: ClassVar[frozenset[str]] = frozenset()  # CRM-mastered fields that take a proposal
    is_evidence: ClassVar[bool] = False
    delete_wins: ClassVar[bool] = True  # a delete stands against a concurrent patch
    fleeting: ClassVar[frozenset[str]] = frozenset()  # fields that the server uses once and keeps nowhere

    # A field with a default stays off the wire while it has that value; docs/protocol.md says so to client authors.
    extra: Body = {}  # fields of a newer schema than the server's, kept for the day it learns them


def full_matrix(states: tuple[str, ...], rows: Mapping[str, Mapping[Step, str]], otherwise: Step = Step.PARK) -> Matrix:
    """Return the total matrix over `states` from rows that name, per step, the requested states in one string.

    A pair that no row names gets `otherwise`. Raises AssertionError for a state or a pair named twice.
    """
    matrix: dict[str, dict[str, Step]] = {}
    for current in states:
        named = {requested: step for step, words in rows.get(current, {}).items() for requested in words.split()}
        assert sum(len(words.split()) for words in rows.get(current, {}).values()) == len(named), current
        assert named.keys() <= set(states), (current, named)
        matrix[current] = {requested: named.get(requested, otherwise) for requested in states}
    assert rows.keys() <= set(states)
    return matrix
