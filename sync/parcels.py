"""Parcels: pushed mutations unpacked, digested and their signatures checked, before any transaction."""

from collections.abc import Iterable
from hashlib import sha256
from typing import Any, Literal

import msgspec
from msgspec import Raw, Struct

from contracts.base import Body, KindName, Problem, RecordId, Sha256Hex
from contracts.errors import ErrorCode
from contracts.policy import Op
from contracts.push import MUTATION_BYTES_MAX, Mutation
from sync.errors import Malformed
from sync.nesting import containers_in
from sync.secrets import (
    DEPTH_MAX,
    is_deep,
    may_tell_secret,
    names_secret,
    redact,
    redact_text,
    tells_secret,
)
from sync.signing import canonical, hash_hex, verify
from sync.store import Key, make_key

BEGINNINGS = frozenset({Op.CREATE, Op.APPEND})
UNREADABLE = (msgspec.MsgspecError, UnicodeError, RecursionError)


class Parcel(Struct, frozen=True, kw_only=True):
    """One pushed mutation: readable or with the problem that parks it, and the digest of its content.

    The digest is of the JSON as it came, never of what today's contract reads in it: a retry that reaches a newer
    server is still the same mutation.
    """

    n: int
    digest: str
    raw: bytes
    mutation: Mutation | None = None
    problem: Problem | None = None
    is_signed: bool = False
    hash: str = ""  # of the canonical JSON, signature included: what the next evidence names
    begins: Key | None = None  # the record that it would begin, known even of many that cannot be read (P4)

    def as_typed(self) -> Body:
        """Return all that was typed, without secrets, for the person who must act."""
        try:
            body = msgspec.json.decode(self.raw)
        except UNREADABLE:
            return {"raw": redact_text(self.raw.decode(errors="replace"))}
        return redact(body) if isinstance(body, dict) else {}


class _Numbered(Struct):
    n: int


class _Beginning(Struct):
    kind: KindName
    id: RecordId
    op: Literal["create", "append"]


_decode = msgspec.json.Decoder().decode
_decode_number = msgspec.json.Decoder(_Numbered).decode
_encode_sorted = msgspec.json.Encoder(order="deterministic").encode


def unpack(mutations: Iterable[Raw], public_key: bytes) -> list[Parcel]:
    """Return the parcels in the order of `n`. Raises Malformed if one has no usable number."""
    raws = [bytes(raw) for raw in mutations]
    is_suspect = may_tell_secret(b"".join(raws))  # most batches hold nothing that could be one
    parcels = [_unpack(raw, public_key, is_suspect=is_suspect) for raw in raws]
    return sorted(parcels, key=lambda parcel: parcel.n)


def _unpack(raw: bytes, public_key: bytes, *, is_suspect: bool) -> Parcel:
    body: Any = None
    try:
        body = _decode(raw)
        mutation = msgspec.convert(body, Mutation)
    except UNREADABLE as error:
        return _refused(raw, body, ErrorCode.VALIDATION_FAILED, wrong=str(error))
    if len(raw) > MUTATION_BYTES_MAX:
        return _refused(raw, body, ErrorCode.QUOTA, bytes=len(raw), bytes_max=MUTATION_BYTES_MAX)
    containers = containers_in(body)
    if len(containers) > DEPTH_MAX and is_deep(body):
        return _refused(raw, body, ErrorCode.VALIDATION_FAILED, wrong="nested too deep")
    has_secret = any(map(names_secret, containers)) or (is_suspect and may_tell_secret(raw) and tells_secret(body))
    problem = _problem(ErrorCode.SECRET_REFUSED) if has_secret else None
    if mutation.sig is not None:
        return _signed(raw, body, containers, mutation, problem, public_key)
    digest = sha256(_encode_sorted(body)).hexdigest()
    return Parcel(n=mutation.n, digest=digest, raw=raw, mutation=mutation, problem=problem, begins=_begins(mutation))


def _signed(
    raw: bytes, body: Body, containers: list[Any], mutation: Mutation, problem: Problem | None, public_key: bytes
) -> Parcel:  # fmt: skip
    sig = mutation.sig or ""
    try:
        whole = canonical(body, containers)
        payload = unsigned(whole, body, sig)
    except ValueError as error:
        return _refused(raw, body, ErrorCode.VALIDATION_FAILED, wrong=str(error))
    if not verify(public_key, payload, sig):
        problem = _problem(ErrorCode.BAD_SIGNATURE)
    sorted_text, hash = _encode_sorted(body), hash_hex(whole)
    return Parcel(
        n=mutation.n, digest=hash if sorted_text == whole else hash_hex(sorted_text), raw=whole, mutation=mutation,
        problem=problem, is_signed=True, hash=hash, begins=_begins(mutation),
    )  # fmt: skip


def _begins(mutation: Mutation) -> Key | None:
    return make_key((mutation.kind, mutation.id)) if mutation.op in BEGINNINGS else None


def is_evidence(parcel: Parcel) -> bool:
    """Say whether this is a link of its install's chain, whatever else becomes of it."""
    mutation = parcel.mutation
    return parcel.is_signed and parcel.problem is None and mutation is not None and mutation.op is Op.APPEND


def prev_of(mutation: Mutation) -> str | None:
    """Return the hash that evidence names as the one before it, "" for the first, None if it names none."""
    prev = mutation.set.get("prev")
    try:
        return "" if prev == "" else msgspec.convert(prev, Sha256Hex)
    except msgspec.ValidationError:
        return None


def unsigned(whole: bytes, body: Body, sig: str) -> bytes:
    """Return the canonical JSON of the same object without its signature, which is usually its last member."""
    last = b',"sig":"%s"}' % sig.encode()  # no string can hold this: its quotes would be escaped
    if whole.endswith(last):
        return whole[: -len(last)] + b"}"
    return canonical({name: value for name, value in body.items() if name != "sig"})


def _refused(raw: bytes, body: Any, code: ErrorCode, **args: Any) -> Parcel:
    """Return a parcel that will be parked, as far as it can be read. Raises Malformed without a number."""
    try:
        n = _decode_number(raw).n
    except UNREADABLE as error:
        raise Malformed("a mutation has no readable number `n`") from error
    if not 1 <= n <= 2**53 - 1:
        raise Malformed("a mutation's number `n` is out of range")
    return Parcel(n=n, digest=_digest(raw, body), raw=raw, problem=_problem(code, **args), begins=_beginning(body))


def _digest(raw: bytes, body: Any) -> str:
    return hash_hex(raw if body is None else _encode_sorted(body))


def _beginning(body: Any) -> Key | None:
    try:
        begun = msgspec.convert(body, _Beginning)
    except msgspec.ValidationError:
        return None
    return Key(begun.kind, begun.id)


def _problem(code: ErrorCode, **args: Any) -> Problem:
    return Problem(code=code.code, args=args)
