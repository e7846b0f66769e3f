"""Parcels: pushed mutations unpacked, digested and their signatures checked, before any transaction."""

from collections.abc import Iterable
from typing import Any

import msgspec
from msgspec import Raw, Struct

from contracts.base import Body, Problem
from contracts.errors import ErrorCode
from contracts.push import MUTATION_BYTES_MAX, Mutation
from sync.errors import Malformed
from sync.secrets import carries_secret, redact
from sync.signing import canonical, hash_hex, verify


class Parcel(Struct, frozen=True, kw_only=True):
    """One pushed mutation: readable or with the problem that parks it, and the digest of its content."""

    n: int
    digest: str
    raw: bytes
    mutation: Mutation | None = None
    problem: Problem | None = None
    is_signed: bool = False

    def as_typed(self) -> Body:
        """Return all that was typed, without secrets, for the person who must act."""
        body = msgspec.json.decode(self.raw)
        return redact(body) if isinstance(body, dict) else {}


class _Numbered(Struct):
    n: int


_decode_mutation = msgspec.json.Decoder(Mutation).decode
_decode_number = msgspec.json.Decoder(_Numbered).decode
_encode_sorted = msgspec.json.Encoder(order="deterministic").encode


def unpack(mutations: Iterable[Raw], public_key: bytes) -> list[Parcel]:
    """Return the parcels in the order of `n`. Raises Malformed if one has no usable number."""
    parcels = [_unpack(bytes(raw), public_key) for raw in mutations]
    return sorted(parcels, key=lambda parcel: parcel.n)


def _unpack(raw: bytes, public_key: bytes) -> Parcel:
    try:
        mutation = _decode_mutation(raw)
    except (msgspec.ValidationError, msgspec.DecodeError, RecursionError) as error:
        return _unreadable(raw, str(error))
    if len(raw) > MUTATION_BYTES_MAX:
        limit = {"bytes": len(raw), "bytes_max": MUTATION_BYTES_MAX}
        return Parcel(n=mutation.n, digest=hash_hex(raw), raw=raw, problem=_problem(ErrorCode.QUOTA, **limit))
    if mutation.sig is not None:
        return _signed(raw, mutation, public_key)
    digest = hash_hex(_encode_sorted(mutation))
    problem = _problem(ErrorCode.SECRET_REFUSED) if _has_secret(mutation) else None
    return Parcel(n=mutation.n, digest=digest, raw=raw, mutation=mutation, problem=problem)


def _signed(raw: bytes, mutation: Mutation, public_key: bytes) -> Parcel:
    try:
        body: dict[str, Any] = msgspec.json.decode(raw)
        whole = canonical(body)
        payload = canonical({name: value for name, value in body.items() if name != "sig"})
    except ValueError as error:
        return _unreadable(raw, str(error))
    assert mutation.sig is not None
    problem = None
    if not verify(public_key, payload, mutation.sig):
        problem = _problem(ErrorCode.BAD_SIGNATURE)
    elif _has_secret(mutation):
        problem = _problem(ErrorCode.SECRET_REFUSED)
    return Parcel(n=mutation.n, digest=hash_hex(whole), raw=whole, mutation=mutation, problem=problem, is_signed=True)


def _has_secret(mutation: Mutation) -> bool:
    return carries_secret(mutation.set) or carries_secret(mutation.base)


def _unreadable(raw: bytes, wrong: str) -> Parcel:
    try:
        n = _decode_number(raw).n
    except (msgspec.ValidationError, msgspec.DecodeError, RecursionError) as error:
        raise Malformed("a mutation has no readable number `n`") from error
    if not 1 <= n <= 2**53 - 1:
        raise Malformed("a mutation's number `n` is out of range")
    problem = _problem(ErrorCode.VALIDATION_FAILED, wrong=wrong)
    return Parcel(n=n, digest=hash_hex(raw), raw=raw, problem=problem)


def _problem(code: ErrorCode, **args: Any) -> Problem:
    return Problem(code=code.code, args=args)
