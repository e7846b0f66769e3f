"""Mutations as a tablet makes them: the wire text, and for evidence the link to the one before and the signature."""

from typing import Any

import msgspec

from contracts.clock import ClockEvidence
from contracts.policy import Op
from contracts.push import Mutation
from sync.signing import PrivateKey, canonical, hash_hex, sign

ALWAYS = frozenset({"n", "kind", "id", "op", "set", "made_at"})  # the rest stays off the wire when empty


class Intent(msgspec.Struct, frozen=True, kw_only=True):
    """What a person wants of a record, before it has a number."""

    kind: str
    id: str
    op: Op
    set: dict[str, Any]
    made_at: ClockEvidence
    base_version: int = 0
    base: dict[str, Any] = {}
    reason: str = ""


def write_mutation(intent: Intent, n: int) -> bytes:
    """Return a mutation as it is sent, without a signature."""
    return msgspec.json.encode(_body(intent, n))


def write_evidence(intent: Intent, n: int, chain_head: str, key: PrivateKey) -> tuple[bytes, str]:
    """Return signed evidence as it is sent, and its hash, which the next evidence names as `prev`.

    What is sent is the canonical JSON, signature included, so the hash is that of the very bytes.
    """
    body = _body(intent, n)
    body["set"] = {**intent.set, "prev": chain_head}
    body["sig"] = sign(key, canonical(body))
    wire = canonical(body)
    return wire, hash_hex(wire)


def intent_of(mutation: Mutation) -> Intent:
    """Return what a mutation wanted, to be written anew under another number."""
    names = Intent.__struct_fields__
    wanted = {name: getattr(mutation, name) for name in names}
    wanted["set"] = {name: value for name, value in mutation.set.items() if mutation.sig is None or name != "prev"}
    return Intent(**wanted)


def _body(intent: Intent, n: int) -> dict[str, Any]:
    body: dict[str, Any] = {"n": n, **msgspec.to_builtins(intent)}
    return {name: value for name, value in body.items() if name in ALWAYS or value}
