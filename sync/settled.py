"""What a push settled, as one text: digest, record and answer of each mutation, in the order of `n`."""

from collections.abc import Iterable, Sequence
from hashlib import sha256

import msgspec
from msgspec import Raw, Struct

from contracts.push import Outcome
from sync.parcels import Parcel
from sync.store import Remembered, Settled

PLAIN = b'{"n":%d,"status":"applied","version":1}'  # what becomes of most mutations; it is not written down


class _Line(Struct, frozen=True, array_like=True, omit_defaults=True):
    digest: str
    kind: str
    id: str
    outcome: Raw = Raw()


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(list[_Line]).decode


def settle_up(install_id: str, parcels: Sequence[Parcel], outcomes: Sequence[Outcome]) -> Settled:
    """Return what there is to remember of mutations that follow one another without a gap."""
    lines = list(map(_write_line, parcels, outcomes))
    return Settled(install_id=install_id, first_n=parcels[0].n, last_n=parcels[-1].n, text=_encode(lines))


def gather(told: Sequence[Remembered]) -> Settled:
    """Return the same mutations together; they follow one another without a gap."""
    lines = [
        (one.digest, one.kind, one.id, *(() if one.outcome == PLAIN % one.n else (Raw(one.outcome),))) for one in told
    ]
    return Settled(install_id=told[0].install_id, first_n=told[0].n, last_n=told[-1].n, text=_encode(lines))


def spread(settled: Settled) -> list[Remembered]:
    """Return the settled mutations one by one."""
    return [
        Remembered(
            install_id=settled.install_id, n=n, digest=line.digest, outcome=bytes(line.outcome) or PLAIN % n,
            kind=line.kind, id=line.id,
        )
        for n, line in enumerate(_decode(settled.text), settled.first_n)
    ]  # fmt: skip


def digest_of_settled(settled: Settled) -> str:
    """Return the digest that an audit entry keeps of what its push settled."""
    return sha256(b"%d|%s" % (settled.first_n, settled.text)).hexdigest()


def remembered_in(settled: Iterable[Settled]) -> dict[int, Remembered]:
    """Return the mutations of one install by their numbers."""
    return {one.n: one for some in settled for one in spread(some)}


def _write_line(parcel: Parcel, outcome: Outcome) -> tuple[str, str, str] | tuple[str, str, str, Outcome]:
    mutation = parcel.mutation
    kind, id = (mutation.kind, mutation.id) if mutation is not None else ("", "")
    if outcome.status == "applied" and outcome.version == 1 and not _says_more(outcome):
        return parcel.digest, kind, id
    return parcel.digest, kind, id, outcome


def _says_more(outcome: Outcome) -> bool:
    return bool(outcome.fields or outcome.flags or outcome.conflict or outcome.parked or outcome.problem)
