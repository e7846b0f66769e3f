"""The cursor: how far a tablet has read each bucket, sealed so that nobody can make one up (C1)."""

import hmac
from collections.abc import Mapping
from functools import lru_cache
from hashlib import sha256

import msgspec
from msgspec import Struct

from contracts.version import PROTOCOL
from sync.errors import CursorInvalid
from sync.signing import decode_base64url, encode_base64url

SEAL_BYTES = 8
OWN = "@"  # stands for install:<this install>, which need not be spelled out


class Position(Struct, frozen=True, array_like=True):
    """How far one bucket was read; `boot` is the floor at the start of a first scan still under way (C5)."""

    seq: int
    boot: int | None = None


class Cursor(Struct, frozen=True, kw_only=True):
    """What a cursor says once opened."""

    epoch: str
    schema: int
    positions: Mapping[str, Position]


class _Packed(Struct, array_like=True):
    epoch: bytes
    schema: int
    positions: dict[str, int]
    boots: dict[str, int] = {}


def seal_cursor(cursor: Cursor, install_id: str, secret: bytes) -> str:
    """Return the cursor as the opaque text that a tablet keeps."""
    short = {_shorten(bucket, install_id): at for bucket, at in cursor.positions.items()}
    packed = _Packed(
        epoch=_mark_of(cursor.epoch),
        schema=cursor.schema,
        positions={bucket: at.seq for bucket, at in short.items()},
        boots={bucket: at.boot for bucket, at in short.items() if at.boot is not None},
    )
    payload = msgspec.msgpack.encode(packed)
    return f"{PROTOCOL}.{encode_base64url(payload + _seal(payload, install_id, secret))}"


def open_cursor(text: str, install_id: str, secret: bytes, epochs: Mapping[bytes, str]) -> Cursor:
    """Return what a sealed cursor says; an epoch that is not in `epochs` comes back empty.

    Raises CursorInvalid for anything that this server did not make for this install.
    """
    version, _, sealed = text.partition(".")
    try:
        raw = decode_base64url(sealed)
        payload, seal = raw[:-SEAL_BYTES], raw[-SEAL_BYTES:]
        if version != PROTOCOL or not hmac.compare_digest(seal, _seal(payload, install_id, secret)):
            raise CursorInvalid
        packed = msgspec.msgpack.decode(payload, type=_Packed)
    except (ValueError, msgspec.DecodeError) as error:
        raise CursorInvalid from error
    positions = {
        _lengthen(bucket, install_id): Position(seq, packed.boots.get(bucket))
        for bucket, seq in packed.positions.items()
    }
    return Cursor(epoch=epochs.get(packed.epoch, ""), schema=packed.schema, positions=positions)


def epoch_marks(*epochs: str) -> dict[bytes, str]:
    """Return the short marks by which cursors name epochs."""
    return {_mark_of(epoch): epoch for epoch in epochs}


@lru_cache(maxsize=64)
def _mark_of(epoch: str) -> bytes:
    return sha256(epoch.encode()).digest()[:6]


def _seal(payload: bytes, install_id: str, secret: bytes) -> bytes:
    return hmac.digest(secret, b"cursor|" + install_id.encode() + b"|" + payload, "sha256")[:SEAL_BYTES]


def _shorten(bucket: str, install_id: str) -> str:
    return OWN if bucket == f"install:{install_id}" else bucket


def _lengthen(bucket: str, install_id: str) -> str:
    return f"install:{install_id}" if bucket == OWN else bucket
