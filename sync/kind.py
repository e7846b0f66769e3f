"""What the engine knows of a kind: its fields, how they merge, where its records live, who may write them."""

from collections.abc import Callable, Mapping, Set
from functools import cached_property
from types import UnionType
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec
from msgspec import NODEFAULT, Struct

from contracts.base import Body
from contracts.policy import Merge, Op, Record
from contracts.privacy import Privacy
from contracts.push import Mutation
from sync.trusting import trusting_struct

R = TypeVar("R", bound=Struct)


class Actor(Struct, frozen=True, kw_only=True):
    """Who asks: an install with a person signed in, and the buckets that are theirs at this moment."""

    install_id: str
    staff_no: str
    org_id: str
    roles: frozenset[str] = frozenset()
    buckets: frozenset[str] = frozenset()
    past: Mapping[str, str] = {}  # buckets that were theirs → the moment when that ended
    schema: int = 1
    lent: frozenset[str] = frozenset()  # buckets of a supervisor's area, for one mutation tried again in their name

    def sees(self, buckets: Set[str]) -> bool:
        """Say whether any of a record's buckets is in scope."""
        return not (self.buckets.isdisjoint(buckets) and self.lent.isdisjoint(buckets))


class Area(Struct, frozen=True, kw_only=True):
    """What a supervisor answers for: institutions, and the buckets in which their records lie."""

    orgs: frozenset[str]
    buckets: frozenset[str]


class Proposal(Struct, frozen=True, kw_only=True):
    """The record that carries a proposal to whoever masters the subject."""

    kind: str
    body: Body


class Change(Struct, frozen=True, kw_only=True):
    """What a mutation would make of a record, before it is made; `look` finds the body of another live record."""

    op: Op
    before: Body
    after: Body
    at: str
    look: Callable[[str, str], Body | None]


Gate = Callable[[Change], str | None]  # what stands against a change, in words for its author, or None
Lift = Callable[[Mutation], Mutation | None]  # from one schema to the next; None where no machine can


def anyone(_actor: Actor, _op: Op, _body: Body) -> bool:
    """Allow whoever has the record in scope."""
    return True


class Kind:
    """A record kind as the engine handles it: the contract's struct and the slice's pure policy."""

    def __init__(
        self,
        record: type[Record],
        buckets: Callable[[Body], frozenset[str]],
        *,
        may: Callable[[Actor, Op, Body], bool] = anyone,
        check: Callable[[Body], str | None] | None = None,
        gate: Gate | None = None,
        propose: Callable[[Actor, Body, Body], Proposal] | None = None,
        is_outbound: bool = False,
        lifts: Mapping[int, Lift] | None = None,
    ) -> None:
        """`check` returns what is wrong with a whole body, or None; `propose` gets subject and `set`.

        `gate` is asked about patches, transitions and deletes of tablets, where a body alone does not tell enough.

        `lifts` says for each schema after which this kind changed how a mutation gets to the next (P10).
        """
        self.record = record
        self.name = record.kind
        self.buckets = buckets
        self.may = may
        self.check = check
        self.gate = gate
        self.propose = propose
        self.is_outbound = is_outbound  # accepted work goes on to the central CRM
        self.lifts = lifts or {}
        self.life = record.life  # the state machine, if the kind has one
        self._encode = msgspec.json.Encoder(order="deterministic").encode

    @cached_property
    def hints(self) -> Mapping[str, Any]:
        """Field name → its full annotation."""
        hints = get_type_hints(self.record, include_extras=True)
        return {name: hints[name] for name in self.record.__struct_fields__}

    @cached_property
    def policies(self) -> Mapping[str, Merge]:
        """Field name → how it merges; a field that says nothing keeps the server's value."""
        return {name: next(_marks(hint, Merge), Merge.SERVER) for name, hint in self.hints.items() if name != "extra"}

    @cached_property
    def privacy(self) -> Mapping[str, Privacy]:
        """Field name → privacy class, C1 unless it says otherwise."""
        return {name: next(_marks(hint, Privacy), Privacy.C1) for name, hint in self.hints.items() if name != "extra"}

    @cached_property
    def keyed(self) -> frozenset[str]:
        """Fields that are maps and merge key by key, as `values.phone`."""
        return frozenset(name for name in self.policies if _is_map(self.hints[name]))

    @cached_property
    def stamped(self) -> frozenset[str]:
        """Fields that only the server writes."""
        return frozenset(name for name, policy in self.policies.items() if policy is Merge.STAMPED)

    @cached_property
    def keeps_clock(self) -> bool:
        """Say whether the server writes more of when a record was made than its moment."""
        return not self.stamped.isdisjoint({"n", "time_quality", "skew_s", "uncertainty_s", "signed_clock"})

    @cached_property
    def offered(self) -> frozenset[str]:
        """Fields that a tablet may name."""
        return frozenset(self.policies) - self.stamped

    @cached_property
    def fixed(self) -> frozenset[str]:
        """Fields that no patch may touch: the state goes by transitions, a number is on the customer's paper."""
        numbered = msgspec.structs.astuple(self.record.numbered) if self.record.numbered else ()
        return frozenset(numbered) | ({self.life.field} if self.life else frozenset())

    @cached_property
    def defaults(self) -> Mapping[str, Any]:
        """Field name → the value that a body without this field has."""
        fields = msgspec.structs.fields(self.record)
        made = {field.name: field.default_factory() for field in fields if field.default_factory is not NODEFAULT}
        given = {field.name: field.default for field in fields if field.default is not NODEFAULT}
        whole: Body = msgspec.to_builtins(made | given)
        return whole

    @cached_property
    def _trusting(self) -> type[Struct]:
        return trusting_struct(self.record, self.hints, self.stamped)

    def read(self, body: bytes) -> Body:
        """Return a stored body with every field, those at their defaults included."""
        return {**self.defaults, **msgspec.json.decode(body)}

    def begin(self, named: Mapping[str, Any]) -> Body:
        """Return the body that a creation makes: what was named, in the kind's first state."""
        return {self.life.field: self.life.first, **named} if self.life else dict(named)

    def policy(self, path: str) -> Merge | None:
        """Return how a touched path merges, or None if the kind has no such field."""
        policy = self.policies.get(path)
        if policy is not None or "." not in path:
            return policy
        head = path.partition(".")[0]
        return self.policies[head] if head in self.keyed else None

    def convert(self, body: Body) -> Record:
        """Return the body as the contract's struct, each field right by itself. Raises msgspec.ValidationError."""
        return self._convert(body, self.record)

    def _convert(self, body: Body, struct: type[R]) -> R:
        record = msgspec.convert(body, struct)
        if self.life and body[self.life.field] not in self.life.matrix:
            raise msgspec.ValidationError(f"`{self.life.field}` must be one of {', '.join(self.life.matrix)}")
        return record

    def validate(self, body: Body) -> bytes:
        """Return the encoded, checked body. Raises msgspec.ValidationError saying what is wrong."""
        encoded = self._encode(self._convert(body, self._trusting))
        if self.check is not None and (wrong := self.check(body)):
            raise msgspec.ValidationError(wrong)
        return encoded


Kinds = Mapping[str, Kind]


def _marks(hint: Any, mark: type[Any]) -> Any:
    return (part for part in get_args(hint) if isinstance(part, mark)) if get_origin(hint) is Annotated else iter(())


def _is_map(hint: Any) -> bool:
    bare = get_args(hint)[0] if get_origin(hint) is Annotated else hint
    options = get_args(bare) if get_origin(bare) in (Union, UnionType) else (bare,)
    return any(get_origin(option) is dict for option in options)
