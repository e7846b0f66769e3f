"""The cursor: how far a tablet has read each bucket, sealed so that nobody can make one up (C1)."""

import hmac
import zlib
from collections.abc import Mapping
from functools import lru_cache
from hashlib import sha256
from types import MappingProxyType

import msgspec
from msgspec import Struct

from contracts.version import PROTOCOL
from sync.errors import CursorInvalid
from sync.signing import decode_base64url, encode_base64url

FORM = "2"  # the first character of a cursor as it is written now; one of the first form begins with `v1.`
SEAL_BYTES, SEAL_BYTES_FIRST = 16, 8
MARK_BYTES, MARK_BYTES_FIRST = 4, 6
OWN = "@"  # stands for install:<this install>, which need not be spelled out
# What cursors have in common. It is a part of the form: change one byte of it, and no cursor out there can be read.
COMMON = b",portfolio:@,catalog,portfolio:,staff:,team:,visits:@,branch:,catalog,staff:"
WINDOW_BITS, MEMORY_LEVEL = -9, 1  # raw deflate, in little memory
SHORT = 512  # characters of an opened cursor that is remembered; only scans of very many buckets are longer


class Position(Struct, frozen=True, array_like=True):
    """How far one bucket was read; `boot` is the floor at the start of a first scan still under way (C5)."""

    seq: int
    boot: int | None = None


class Cursor(Struct, frozen=True, kw_only=True):
    """What a cursor says once opened."""

    epoch: str
    schema: int
    positions: Mapping[str, Position]


class _Packed(Struct, array_like=True, gc=False):
    schema: int
    names: str  # sorted, with commas between
    at: list[int | tuple[int, int]]  # in the order of the names; with its boot where there is one


class _PackedFirst(Struct, array_like=True):
    epoch: bytes
    schema: int
    positions: dict[str, int]
    boots: dict[str, int] = {}


class _Opened(Struct, frozen=True, gc=False):
    mark: bytes
    schema: int
    positions: Mapping[str, Position]


_pack = msgspec.msgpack.Encoder().encode
_unpack = msgspec.msgpack.Decoder(_Packed).decode
_unpack_first = msgspec.msgpack.Decoder(_PackedFirst).decode


def seal_cursor(cursor: Cursor, install_id: str, secret: bytes) -> str:
    """Return the cursor as the opaque text that a tablet keeps: some 80 characters for a person's own buckets."""
    short = {_shorten(bucket, install_id): at for bucket, at in cursor.positions.items()}
    names = sorted(short)
    at = [one.seq if one.boot is None else (one.seq, one.boot) for one in map(short.__getitem__, names)]
    payload = _mark_of(cursor.epoch) + _deflate(_pack(_Packed(cursor.schema, ",".join(names), at)))
    return FORM + encode_base64url(payload + _seal(payload, install_id, secret))


def open_cursor(text: str, install_id: str, secret: bytes, epochs: Mapping[bytes, str]) -> Cursor:
    """Return what a sealed cursor says; an epoch that is not in `epochs` comes back empty.

    Raises CursorInvalid for anything that this server did not make for this install.
    """
    opened = (_remembered if len(text) <= SHORT else _open)(text, install_id, secret)
    return Cursor(epoch=epochs.get(opened.mark, ""), schema=opened.schema, positions=opened.positions)


@lru_cache(maxsize=16)
def epoch_marks(*epochs: str) -> Mapping[bytes, str]:
    """Return the short marks by which cursors name epochs."""
    marks = {_mark_of(epoch, length): epoch for epoch in epochs for length in (MARK_BYTES, MARK_BYTES_FIRST)}
    return MappingProxyType(marks)


def _open(text: str, install_id: str, secret: bytes) -> _Opened:
    try:
        if text.startswith(FORM):
            return _open_present(decode_base64url(text[len(FORM) :]), install_id, secret)
        return _open_first(text, install_id, secret)
    except (ValueError, zlib.error, msgspec.DecodeError) as error:
        raise CursorInvalid from error


# A tablet shows the same cursor until something has changed; what it says never does.
_remembered = lru_cache(maxsize=8192)(_open)


def _open_present(raw: bytes, install_id: str, secret: bytes) -> _Opened:
    payload, seal = raw[:-SEAL_BYTES], raw[-SEAL_BYTES:]
    if not hmac.compare_digest(seal, _seal(payload, install_id, secret)):
        raise CursorInvalid
    packed = _unpack(_inflate(payload[MARK_BYTES:]))  # ours, so it is not larger than what we made
    names = packed.names.split(",") if packed.names else []
    positions = {
        _lengthen(name, install_id): Position(at) if isinstance(at, int) else Position(*at)
        for name, at in zip(names, packed.at, strict=True)
    }
    return _Opened(payload[:MARK_BYTES], packed.schema, positions)


def _open_first(text: str, install_id: str, secret: bytes) -> _Opened:
    """Open a cursor of the first form, which tablets still hold; their next page gives them one of the present form."""
    version, _, sealed = text.partition(".")
    raw = decode_base64url(sealed)
    payload, seal = raw[:-SEAL_BYTES_FIRST], raw[-SEAL_BYTES_FIRST:]
    if version != PROTOCOL or not hmac.compare_digest(seal, _seal_first(payload, install_id, secret)):
        raise CursorInvalid
    packed = _unpack_first(payload)
    positions = {
        _lengthen(bucket, install_id): Position(seq, packed.boots.get(bucket))
        for bucket, seq in packed.positions.items()
    }
    return _Opened(packed.epoch, packed.schema, positions)


@lru_cache(maxsize=64)
def _mark_of(epoch: str, length: int = MARK_BYTES) -> bytes:
    return sha256(epoch.encode()).digest()[:length]


def _deflate(data: bytes) -> bytes:
    deflater = zlib.compressobj(9, zlib.DEFLATED, WINDOW_BITS, MEMORY_LEVEL, zlib.Z_DEFAULT_STRATEGY, COMMON)
    return deflater.compress(data) + deflater.flush()


def _inflate(data: bytes) -> bytes:
    inflater = zlib.decompressobj(WINDOW_BITS, COMMON)
    return inflater.decompress(data) + inflater.flush()


def _seal(payload: bytes, install_id: str, secret: bytes) -> bytes:
    return hmac.digest(secret, b"cursor2|" + install_id.encode() + b"|" + payload, "sha256")[:SEAL_BYTES]


def _seal_first(payload: bytes, install_id: str, secret: bytes) -> bytes:
    return hmac.digest(secret, b"cursor|" + install_id.encode() + b"|" + payload, "sha256")[:SEAL_BYTES_FIRST]


def _shorten(bucket: str, install_id: str) -> str:
    return OWN if bucket == f"install:{install_id}" else bucket


def _lengthen(bucket: str, install_id: str) -> str:
    return f"install:{install_id}" if bucket == OWN else bucket
