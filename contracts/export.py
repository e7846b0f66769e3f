"""The contract as data: kinds, messages and error codes, with JSON Schema, and one hash over all of it."""

import hashlib
from collections.abc import Iterable, Mapping
from functools import cache
from types import GenericAlias
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Meta, Struct

from contracts import auth, hello, leads, leases, lobby, machine, marketing, pull, purges, push, review, teller, verify
from contracts.base import Body
from contracts.errors import ErrorCode, ProblemDocument
from contracts.kinds import RECORDS
from contracts.policy import Life, Merge, Record
from contracts.privacy import Privacy
from contracts.version import PROTOCOL, SCHEMA, SCHEMA_PULL_MIN

REF = "#/components/schemas/{name}"


def _spelled(message: type[Struct], **fields: Any) -> Any:
    """Return a twin of `message` that spells out the parts which code leaves raw, for the schema alone."""
    about = {"__doc__": message.__doc__, "__module__": message.__module__}
    spelled = [(name, *kind) for name, kind in fields.items()]
    return msgspec.defstruct(message.__name__, spelled, bases=(message,), namespace=about, frozen=True, kw_only=True)


def _many(part: Any) -> Any:
    return GenericAlias(list, (part,))


_Change = _spelled(pull.Change, d=(Body | None, None))
_Branch = _spelled(verify.Branch, records=(_many(_Change) | None, None))

MESSAGES: tuple[Any, ...] = (
    auth.EnrolRequest, auth.EnrolResponse, auth.SignInRequest, auth.RefreshRequest, auth.TokenResponse,
    hello.HelloResponse,
    _spelled(push.PushRequest, mutations=(Annotated[list[push.Mutation], Meta(max_length=push.MUTATIONS_MAX)],)),
    push.PushResponse,
    pull.PullRequest,
    _spelled(pull.PullResponse, changes=(_many(_Change), [])),
    leases.LeaseRequest, leases.Lease, leases.LeaseReturn,
    verify.VerifyRequest,
    _spelled(verify.VerifyResponse, differ=(_many(_Branch),)),
    purges.PurgeAckRequest, purges.PurgeAckResponse,
    review.DecisionRequest, review.ReviewItem, review.ReviewPage,
    _spelled(
        machine.MachineRequest,
        messages=(Annotated[list[machine.MachineMessage], Meta(max_length=machine.MESSAGES_MAX)],),
    ),
    machine.MachineResponse, machine.BlockRequest, machine.CallNextRequest, machine.CallNextResponse,
    leads.LeadItem, leads.LeadPage, leads.AssignLeadRequest,
    lobby.LineAnswer, lobby.DayAnswer, marketing.ContactPage, marketing.EffectPage,
    teller.LoadRequest, teller.LoadResponse, teller.ResultRequest, teller.ResultResponse,
    ProblemDocument,
)  # fmt: skip


def export_contract() -> dict[str, Any]:
    """Return all that two ends must agree on, as plain data in a stable order; `contract_hash` seals the rest."""
    contract = _contract()
    return contract | {"contract_hash": hash_of(contract)}


@cache
def contract_hash() -> str:
    """Return the hash that hello tells: it changes when, and only when, the wire does."""
    return hash_of(_contract())


def hash_of(contract: Mapping[str, Any]) -> str:
    """Return the hex SHA-256 of the sorted JSON of `contract`, whose explanations do not count."""
    return hashlib.sha256(msgspec.json.encode(_unexplained(contract), order="deterministic")).hexdigest()


def message_schemas(messages: Iterable[Any] = MESSAGES) -> dict[str, Any]:
    """Return the JSON Schema of every message and of the parts that they name."""
    _, schemas = msgspec.json.schema_components(messages, ref_template=REF)
    return {name: schemas[name] for name in sorted(schemas)}


def record_schema(record: type[Record]) -> dict[str, Any]:
    """Return a kind's JSON Schema with `x-merge`, `x-privacy` and `x-transitions` beside what they rule."""
    _, schemas = msgspec.json.schema_components([record], ref_template="#/$defs/{name}")
    schema: dict[str, Any] = schemas.pop(record.__name__)
    hints = get_type_hints(record, include_extras=True)
    for name, field in schema["properties"].items():
        field |= _marks(hints[name])
    if record.life is not None:
        schema["properties"][record.life.field]["x-transitions"] = _matrix(record.life)
    return schema | {"x-kind": record.kind} | ({"$defs": schemas} if schemas else {})


def _contract() -> dict[str, Any]:
    return {
        "protocol": PROTOCOL,
        "schema": {"current": SCHEMA, "pull_min": SCHEMA_PULL_MIN},
        "kinds": {record.kind: _kind(record) for record in RECORDS},
        "messages": message_schemas(),
        "errors": {error.code: _error(error) for error in ErrorCode},
    }


def _kind(record: type[Record]) -> dict[str, Any]:
    return {
        "ops": sorted(op.value for op in record.ops),
        "is_evidence": record.is_evidence,
        "delete_wins": record.delete_wins,
        "proposable": sorted(record.proposable),
        "fleeting": sorted(record.fleeting),
        "references": [msgspec.to_builtins(reference) for reference in record.references],
        "numbered": msgspec.to_builtins(record.numbered),
        "life": record.life and _life(record.life),
        "schema": record_schema(record),
    }


def _life(life: Life) -> dict[str, Any]:
    told = {"field": life.field, "first": life.first, "facts": sorted(life.facts), "matrix": _matrix(life)}
    kept = {"history": life.history, "noted": sorted(life.noted)} if life.history else {}
    return told | kept | ({"has_rounds": True} if life.has_rounds else {})


def _matrix(life: Life) -> dict[str, dict[str, str]]:
    return {current: {requested: step.value for requested, step in row.items()} for current, row in life.matrix.items()}


def _error(error: ErrorCode) -> dict[str, Any]:
    told = {"actor": error.actor.value, "retry": error.retry, "meaning": error.meaning}
    return ({"status": error.status} if error.status else {}) | told


def _marks(hint: Any) -> dict[str, str]:
    parts = get_args(hint) if get_origin(hint) is Annotated else ()
    merge = next((part for part in parts if isinstance(part, Merge)), Merge.SERVER)
    privacy = next((part for part in parts if isinstance(part, Privacy)), Privacy.C1)
    return {"x-merge": merge.value, "x-privacy": privacy.value}


def _unexplained(part: Any) -> Any:
    if isinstance(part, Mapping):
        return {
            key: _unexplained(value)
            for key, value in part.items()
            if not (key in ("description", "meaning") and isinstance(value, str))
        }
    return [_unexplained(item) for item in part] if isinstance(part, list) else part
