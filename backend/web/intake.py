"""Request bodies on their way in: inflated if compressed, and never larger than their limit."""

import sys
import zlib
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Protocol

from litestar.types import HTTPScope, Receive

from backend.errors import ContentEncodingBroken, UnsupportedMediaType
from contracts.push import PUSH_BYTES_MAX
from sync.errors import Malformed, TooLarge

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

BODY_BYTES_MAX = 262_144  # of any request that is neither a push nor a part of a file
PUSH_PATH = "/api/v1/sync/push"
FILES_PATH = "/api/v1/files"
BODILESS = frozenset({"GET", "HEAD", "OPTIONS"})
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


def guarded(scope: HTTPScope, receive: Receive) -> Receive:
    """Return a `receive` that inflates the body and refuses what is too large (413), broken (400) or not JSON (415).

    It never raises before the handler asks for the body, so that a refusal is answered where all others are.
    """
    if scope["method"] in BODILESS:
        return receive
    return Intake(scope, receive).receive


class Intake:
    """The body of one request as it comes in. An upload's parts are bounded and typed by their own door."""

    def __init__(self, scope: HTTPScope, receive: Receive) -> None:
        self._receive = receive
        self._is_done = False
        self._seen = 0
        self._is_part = scope["path"].startswith(FILES_PATH)
        self._limit = PUSH_BYTES_MAX if scope["path"] == PUSH_PATH else BODY_BYTES_MAX
        self._length, self._encoding, self._media_type = _announced(scope)
        self._inflation: Inflation | None = None

    async def receive(self) -> Any:
        """Return the next message. Raises a refusal as soon as it is clear."""
        message: Any = await self._receive()
        if message["type"] == "http.request":
            self._is_done = not message.get("more_body", False)
            if not self._is_part:
                message["body"] = self._take(message["body"])
        elif not self._is_done:
            raise Malformed("The body ended too early.")
        return message

    def _take(self, data: bytes) -> bytes:
        if not self._seen and data:
            self._check_announced()
        self._seen += len(data)
        if self._seen > self._limit:
            raise _too_large(self._limit)
        return self._inflation.feed(data, is_last=self._is_done) if self._inflation else data

    def _check_announced(self) -> None:
        if not _is_json(self._media_type):
            raise UnsupportedMediaType(media_type=self._media_type.decode("latin-1"))
        if self._length > self._limit:
            raise _too_large(self._limit)
        if self._encoding in INFLATERS:
            self._inflation = Inflation(self._limit, INFLATERS[self._encoding])
        elif self._encoding not in (b"", b"identity"):
            raise ContentEncodingBroken("This Content-Encoding is not spoken here.", accepted=ACCEPTED)


@lru_cache(maxsize=64)
def _is_json(media_type: bytes) -> bool:
    name, _, parameters = media_type.lower().partition(b";")
    return name.strip() == b"application/json" and parameters.replace(b" ", b"") in (b"", b"charset=utf-8")


def _announced(scope: HTTPScope) -> tuple[int, bytes, bytes]:
    length, encoding, media_type = -1, b"", b""
    for name, value in scope["headers"]:
        if name == b"content-length":
            length = int(value) if value.isdigit() else -1
        elif name == b"content-encoding":
            encoding = value.strip().lower()
        elif name == b"content-type":
            media_type = value
    return length, encoding, media_type


def _too_large(limit: int) -> TooLarge:
    return TooLarge(body_bytes_max=limit)


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
