"""A raw HTTP/1.1 client on asyncio: cheap enough that the server stays the slower one."""

import asyncio
from collections.abc import Mapping

HEAD_END = b"\r\n\r\n"
LENGTH = b"content-length:"


def write_request(method: str, path: str, headers: Mapping[str, str], body: bytes = b"") -> bytes:
    """Return a whole request as bytes."""
    lines = [f"{method} {path} HTTP/1.1", "host: bench", *(f"{name}: {value}" for name, value in headers.items())]
    if body:
        lines += ["content-type: application/json", f"content-length: {len(body)}"]
    return "\r\n".join([*lines, "", ""]).encode() + body


class Line(asyncio.Protocol):
    """One kept-alive connection that asks one thing at a time."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._answer: asyncio.Future[bytes] | None = None
        self._parts: list[bytes] = []
        self._missing = -1  # bytes of the body that have not come; -1: its head has not come
        self.head = b""

    @classmethod
    async def open(cls, port: int) -> "Line":
        """Return a connected line."""
        _, line = await asyncio.get_running_loop().create_connection(cls, "127.0.0.1", port)
        return line

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        """Fail whoever waits."""
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(exc or ConnectionError("the server hung up"))

    async def ask(self, request: bytes) -> bytes:
        """Return the body of the answer. Raises AssertionError unless it is 200."""
        assert self._transport is not None
        self._answer = asyncio.get_running_loop().create_future()
        self._parts, self._missing = [], -1
        self._transport.write(request)
        return await self._answer

    def data_received(self, data: bytes) -> None:
        """Take a piece of an answer."""
        if self._missing < 0:
            data = b"".join([*self._parts, data])
            end = data.find(HEAD_END)
            if end < 0:
                self._parts = [data]
                return
            self.head, body = data[:end].lower() + b"\r\n", data[end + len(HEAD_END) :]
            self._parts, self._missing = [body], _length(self.head) - len(body)
        else:
            self._parts.append(data)
            self._missing -= len(data)
        if self._missing == 0:
            self._finish()

    def close(self) -> None:
        """Hang up."""
        if self._transport is not None:
            self._answer = None
            self._transport.close()

    def _finish(self) -> None:
        assert self._answer is not None
        body = b"".join(self._parts)
        if self.head.startswith(b"http/1.1 200"):
            self._answer.set_result(body)
        else:
            self._answer.set_exception(AssertionError(f"{self.head[:60]!r} {body[:500]!r}"))


def _length(head: bytes) -> int:
    begin = head.index(LENGTH) + len(LENGTH)
    return int(head[begin : head.index(b"\r\n", begin)])
