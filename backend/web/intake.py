"""Request bodies on their way in: inflated if compressed, and never larger than their limit."""

import sys
import zlib
from collections.abc import Callable
from typing import Any, Protocol

from litestar.types import HTTPReceiveMessage, HTTPScope, Receive

from backend.errors import ContentEncodingBroken
from contracts.push import PUSH_BYTES_MAX
from sync.errors import Malformed, SyncError, TooLarge

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

BODY_BYTES_MAX = 262_144  # of any request that is neither a push nor a part of a file
PUSH_PATH = "/api/v1/sync/push"
FILES_PATH = "/api/v1/files"
ACCEPTED = ["zstd", "gzip", "identity"]
WINDOW_LOG_MAX = 23  # a frame may ask for 8 MiB of memory, not for 2 GiB


class Inflater(Protocol):
    """The part of a decompressor that an intake needs."""

    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int, /) -> bytes: ...


def _zstd() -> Inflater:
    return zstd.ZstdDecompressor(options={zstd.DecompressionParameter.window_log_max: WINDOW_LOG_MAX})


def _gzip() -> Inflater:
    return zlib.decompressobj(wbits=31)


INFLATERS: dict[bytes, Callable[[], Inflater]] = {b"zstd": _zstd, b"gzip": _gzip, b"x-gzip": _gzip}


def limit_of(path: str) -> int | None:
    """Return how many bytes a body sent to `path` may have, or None where the door itself sees to it."""
    if path.startswith(FILES_PATH):
        return None
    return PUSH_BYTES_MAX if path == PUSH_PATH else BODY_BYTES_MAX


def guarded(scope: HTTPScope, receive: Receive) -> Receive:
    """Return a `receive` that inflates the body and refuses what is too large (413) or broken (400).

    It never raises before the handler asks for the body, so that the refusal is answered where all others are.
    """
    limit = limit_of(scope["path"])
    receive = _whole(receive)
    if limit is None:
        return receive
    length, encoding = _announced(scope)
    if encoding in (b"", b"identity"):
        return receive if 0 <= length <= limit else _counting(receive, limit, length)
    if encoding not in INFLATERS:
        return _refusing(ContentEncodingBroken("This Content-Encoding is not spoken here.", accepted=ACCEPTED))
    return _inflating(receive, limit, INFLATERS[encoding])


def _announced(scope: HTTPScope) -> tuple[int, bytes]:
    length, encoding = -1, b""
    for name, value in scope["headers"]:
        if name == b"content-length":
            length = int(value) if value.isdigit() else -1
        elif name == b"content-encoding":
            encoding = value.strip().lower()
    return length, encoding


def _too_large(limit: int) -> TooLarge:
    return TooLarge(body_bytes_max=limit)


def _refusing(refusal: SyncError) -> Receive:
    async def refuse() -> HTTPReceiveMessage:
        raise refusal

    return refuse


def _whole(receive: Receive) -> Receive:
    """Say clearly that the caller hung up in the middle; it is neither our defect nor a body."""
    is_done = False

    async def watch() -> Any:
        nonlocal is_done
        message: Any = await receive()
        if message["type"] == "http.request":
            is_done = not message.get("more_body", False)
        elif not is_done:
            raise Malformed("The body ended too early.")
        return message

    return watch


def _counting(receive: Receive, limit: int, length: int) -> Receive:
    if length > limit:
        return _refusing(_too_large(limit))
    seen = 0

    async def count() -> Any:
        nonlocal seen
        message: Any = await receive()
        if message["type"] == "http.request":
            seen += len(message["body"])
            if seen > limit:
                raise _too_large(limit)
        return message

    return count


def _inflating(receive: Receive, limit: int, make: Callable[[], Inflater]) -> Receive:
    body = Inflation(limit, make)

    async def inflate() -> Any:
        message: Any = await receive()
        if message["type"] == "http.request":
            message["body"] = body.feed(message["body"], is_last=not message.get("more_body", False))
        return message

    return inflate


class Inflation:
    """One compressed body, inflated as it comes; several frames or members one after another are one body."""

    def __init__(self, limit: int, make: Callable[[], Inflater]) -> None:
        self._limit = limit
        self._left = limit
        self._make = make
        self._inflater = make()
        self._is_begun = False

    def feed(self, data: bytes, *, is_last: bool) -> bytes:
        """Return what `data` inflates to. Raises TooLarge as soon as the limit is passed, whatever is still packed."""
        parts = []
        while data:
            parts.append(self._inflate(data))
            data = self._inflater.unused_data if self._inflater.eof else b""
            if data:
                self._inflater = self._make()
        if is_last and self._is_begun and not self._inflater.eof:
            raise ContentEncodingBroken("The compressed body ends too early.")
        return b"".join(parts)

    def _inflate(self, data: bytes) -> bytes:
        self._is_begun = True
        try:
            part = self._inflater.decompress(data, self._left + 1)
        except (zlib.error, zstd.ZstdError) as error:
            raise ContentEncodingBroken from error
        self._left -= len(part)
        if self._left < 0:
            raise _too_large(self._limit)
        return part
