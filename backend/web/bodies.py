"""Bodies as the contract's messages: decoded by one decoder per message, encoded by one encoder."""

from functools import cache
from typing import Any, TypeVar, cast

import msgspec
from litestar import Request
from litestar.response.base import ASGIResponse
from litestar.types import Receive, Scope, Send

from backend.wording import plain_words
from sync.errors import Malformed

M = TypeVar("M")
JSON = "application/json"
NOTHING_SAID = b"{}"

_encode = msgspec.json.Encoder().encode


@cache
def decoder_of(message: Any) -> msgspec.json.Decoder[Any]:
    """Return the one decoder of a message."""
    return msgspec.json.Decoder(message)


async def read_body(request: Request[Any, Any, Any], message: type[M]) -> M:
    """Return the body as `message`. Raises Malformed saying where it differs, and never what it holds."""
    return decode(await _whole(request.receive), message)


async def read_body_if_any(request: Request[Any, Any, Any], message: type[M]) -> M:
    """Return the body as `message`, of which nothing is said without a body. Raises Malformed."""
    return decode(await request.body() or NOTHING_SAID, message)


async def _whole(receive: Receive) -> bytes:
    """Return the whole body; bounded and typed as it comes (web/intake.py), so that the framework need not look."""
    event: Any = await receive()
    body: bytes = event["body"]
    if event.get("more_body", False):
        parts = [body]
        while event.get("more_body", False):
            event = await receive()
            parts.append(event["body"])
        body = b"".join(parts)
    return body


def decode(body: bytes, message: type[M]) -> M:
    """Return `body` as `message`. Raises Malformed."""
    try:
        decoded: M = decoder_of(cast(Any, message)).decode(body)
        return decoded
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise Malformed(_told(error, message)) from error


class Answer(ASGIResponse):
    """A whole body of JSON, sent as it lies; making an ordinary response would cost more than most answers."""

    def __init__(self, body: bytes) -> None:
        self.body = body

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send head and body."""
        headers = [(b"content-type", JSON.encode()), (b"content-length", str(len(self.body)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": self.body, "more_body": False})


def answer_with(message: Any) -> ASGIResponse:
    """Return `message` as the answer's body, past the framework's own serialisation."""
    return Answer(_encode(message))


def speaks(*, takes: type | None = None, gives: type | None = None, is_public: bool = False) -> dict[str, Any]:
    """Return the `opt` of a handler that reads and writes its bodies itself; the API description is made from it."""
    return {"takes": takes and takes.__name__, "gives": gives and gives.__name__, "is_public": is_public}


def _told(error: Exception, message: type) -> str:
    if isinstance(error, msgspec.DecodeError):
        return plain_words(str(error), message)
    return "The body is not JSON that can be read."
