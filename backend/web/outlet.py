"""Answers on their way out: compressed when the caller can read it and it pays."""

import asyncio
import gzip
import sys
from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any

from litestar.types import HTTPScope, Send

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

COMPRESS_BYTES_MIN = 1024
IN_THREAD_BYTES_MIN = 65_536  # smaller bodies are packed faster than a thread is woken
COMPRESSIBLE = (b"application/json", b"application/problem+json", b"application/vnd.oai", b"application/javascript",
                b"text/", b"image/svg")  # fmt: skip

Packer = Callable[[bytes], bytes]
PACKERS: dict[str, Packer] = {
    "zstd": partial(zstd.compress, level=3),  # packs as well as gzip 6 at five times the speed
    "gzip": partial(gzip.compress, compresslevel=6, mtime=0),
}


@lru_cache(maxsize=256)
def chosen_encoding(accepted: str) -> str | None:
    """Return zstd, else gzip, as far as an Accept-Encoding header allows them; None means neither."""
    allowed = {}
    for part in accepted.lower().split(","):
        name, _, parameters = part.partition(";")
        allowed[name.strip()] = _quality(parameters) > 0
    rest = allowed.get("*", False)
    return next((name for name in PACKERS if allowed.get(name, rest)), None)


def _quality(parameters: str) -> float:
    name, _, value = parameters.strip().partition("=")
    try:
        return float(value) if name.strip() == "q" else 1.0
    except ValueError:
        return 0.0


def compressing(scope: HTTPScope, send: Send) -> Send:
    """Return a `send` that compresses whole answers; streams go out as they come, so that pokes are not held back."""
    accepted = next((value for name, value in scope["headers"] if name == b"accept-encoding"), b"")
    encoding = chosen_encoding(accepted.decode("latin-1"))
    if encoding is None:
        return send
    start: Any = None

    async def pack(message: Any) -> None:
        nonlocal start
        if message["type"] == "http.response.start":
            start = message
            return
        if start is not None:
            first, start = start, None
            if message["type"] == "http.response.body" and _pays(first, message):
                message["body"] = body = await _packed(PACKERS[encoding], message["body"])
                _relabel(first, encoding, len(body))
            await send(first)
        await send(message)

    return pack


def _pays(start: Any, body: Any) -> bool:
    if body.get("more_body") or len(body["body"]) < COMPRESS_BYTES_MIN:
        return False
    headers = dict(start["headers"])
    return headers.get(b"content-type", b"").startswith(COMPRESSIBLE) and b"content-encoding" not in headers


async def _packed(pack: Packer, body: bytes) -> bytes:
    if len(body) < IN_THREAD_BYTES_MIN:
        return pack(body)
    return await asyncio.get_running_loop().run_in_executor(None, pack, body)


def _relabel(start: Any, encoding: str, length: int) -> None:
    kept = [(name, value) for name, value in start["headers"] if name != b"content-length"]
    start["headers"] = [
        *kept,
        (b"content-length", str(length).encode()),
        (b"content-encoding", encoding.encode()),
        (b"vary", b"accept-encoding"),
    ]
