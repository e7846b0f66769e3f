"""Answers on their way from other threads to the event loop: one call wakes it for all that are ready."""

import asyncio
from collections import deque
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Mailbox:
    """Where other threads put answers for one event loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self._letters: deque[tuple[asyncio.Future[Any], Any, BaseException | None]] = deque()
        self._is_called = False

    def put(self, future: "asyncio.Future[Any]", result: Any, error: BaseException | None) -> None:
        """Let the loop settle `future`. Raises RuntimeError if the loop is closed."""
        self._letters.append((future, result, error))
        if not self._is_called:  # else the loop has not looked yet since it was called, and will find this too
            self._is_called = True
            self.loop.call_soon_threadsafe(self._empty)

    def _empty(self) -> None:
        self._is_called = False
        while self._letters:
            future, result, error = self._letters.popleft()
            if future.done():  # its asker has gone
                continue
            if error is None:
                future.set_result(result)
            else:
                future.set_exception(error)


class Letter(Generic[T]):
    """A future of the loop that other threads may settle; `await letter.future`."""

    __slots__ = ("_mailbox", "future")

    def __init__(self, mailbox: Mailbox) -> None:
        self._mailbox = mailbox
        self.future: asyncio.Future[T] = mailbox.loop.create_future()

    def set_result(self, result: T, /) -> None:
        """Settle the future with a result, from any thread."""
        self._mailbox.put(self.future, result, None)

    def set_exception(self, error: BaseException, /) -> None:
        """Settle the future with an error, from any thread."""
        self._mailbox.put(self.future, None, error)
