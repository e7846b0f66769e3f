"""When to ask again, and after how long: exponential back-off with full jitter, and the server's word above it."""

from collections.abc import Callable
from random import Random
from typing import NamedTuple, TypeVar

from contracts.errors import ErrorCode
from sync.tablet.errors import LineFailed, Refused

T = TypeVar("T")

PAUSE_MAX_MS = 60_000
PASSING = (ErrorCode.TOO_MANY_REQUESTS, ErrorCode.UNAVAILABLE)


def pause_ms(attempt: int, retry_after_ms: int | None, chance: float, *, first_ms: int, longest_ms: int) -> float:
    """Return how long to wait after the `attempt`-th failure, from 0; `chance` is uniform in [0, 1).

    The whole pause is drawn by lot, so that tablets that failed together do not come back together; never
    less than the server asked for.
    """
    backoff_ms = chance * min(longest_ms, first_ms * 2.0**attempt)
    return min(PAUSE_MAX_MS, max(backoff_ms, retry_after_ms or 0))


class Patience(NamedTuple):
    """How often and how slowly one call is tried again; `sleep` takes seconds."""

    sleep: Callable[[float], None]
    random: Random
    attempts_max: int = 5
    first_ms: int = 250
    longest_ms: int = 15_000

    def call(self, ask: Callable[..., T], *args: object) -> T:
        """Return the answer; after a lost line, 429 or 503 ask again, and raise the last failure."""
        for attempt in range(self.attempts_max - 1):
            try:
                return ask(*args)
            except LineFailed:
                self.pause(attempt, None)
            except Refused as refused:
                if not any(refused.says(code) for code in PASSING):
                    raise
                self.pause(attempt, refused.document.retry_after_ms)
        return ask(*args)

    def pause(self, attempt: int, retry_after_ms: int | None) -> None:
        """Wait before the next attempt."""
        drawn = self.random.random()
        wait_ms = pause_ms(attempt, retry_after_ms, drawn, first_ms=self.first_ms, longest_ms=self.longest_ms)
        self.sleep(wait_ms / 1000)
