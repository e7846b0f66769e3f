"""What a push settled, as one text: digest, record and answer of each mutation, in the order of `n`."""

from collections.abc import Sequence
from hashlib import sha256

import msgspec
from msgspec import Raw, Struct

from sync.store import Remembered

PLAIN = b'{"n":%d,"status":"applied","version":1}'  # what becomes of most mutations; it is not written down


class _Line(Struct, frozen=True, array_like=True, omit_defaults=True):
    digest: str
    kind: str
    id: str
    outcome: Raw = Raw()


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(list[_Line]).decode


def pack(settled: Sequence[Remembered]) -> bytes:
    """Return the text of mutations that follow one another without a gap."""
    return _encode([_pack_one(one) for one in settled])


def unpack(install_id: str, first_n: int, text: bytes) -> list[Remembered]:
    """Return what was packed; `first_n` is the number of the first."""
    return [_unpack_one(install_id, n, line) for n, line in enumerate(_decode(text), first_n)]


def digest_of_settled(settled: Sequence[Remembered]) -> str:
    """Return the digest that an audit entry keeps of what its push settled."""
    first_n = settled[0].n if settled else 0
    return sha256(b"%d|%s" % (first_n, pack(settled))).hexdigest()


def runs_of(settled: Sequence[Remembered]) -> list[Sequence[Remembered]]:
    """Return the same in pieces, each of one install and without a gap; nearly always it is one."""
    ends = [at for at in range(1, len(settled)) if not _follows(settled[at - 1], settled[at])]
    return [settled[begin:end] for begin, end in zip([0, *ends], [*ends, len(settled)], strict=True)] if settled else []


def _follows(before: Remembered, after: Remembered) -> bool:
    return after.n == before.n + 1 and after.install_id == before.install_id


def _pack_one(one: Remembered) -> tuple[str, str, str] | tuple[str, str, str, Raw]:
    if one.outcome == PLAIN % one.n:
        return one.digest, one.kind, one.id
    return one.digest, one.kind, one.id, Raw(one.outcome)


def _unpack_one(install_id: str, n: int, line: _Line) -> Remembered:
    outcome = bytes(line.outcome) or PLAIN % n
    return Remembered(
        install_id=install_id, n=n, digest=line.digest, outcome=outcome, kind=line.kind, id=line.id
    )  # fmt: skip
