"""The gate before enrolment and sign-in: not too often, and not too many passwords at a time."""

import time
from collections.abc import Callable
from typing import TypeVar

from anyio import CapacityLimiter, to_thread

from backend.auth.throttle import Throttle
from backend.errors import TooManyRequests
from backend.settings import Settings

T = TypeVar("T")

QUEUE_WAIT_MS = 2000  # what those are told who find too many before them


class Gate:
    """Counts who knocks, and lets a few at a time through to the slow work of a password."""

    def __init__(self, settings: Settings, clock_s: Callable[[], float] = time.monotonic) -> None:
        self._clock_s = clock_s
        self._per_install = Throttle(settings.sign_in_per_install_min)
        self._per_address = Throttle(settings.sign_in_per_address_min)
        self._waiting_max = settings.argon2_waiting_max
        self._turns = CapacityLimiter(settings.argon2_parallel)

    def check(self, install_id: str, address: str) -> None:
        """Count a request. Raises TooManyRequests saying how long to wait."""
        now_s = self._clock_s()
        wait_ms = self._per_address.wait_ms(address, now_s) or self._per_install.wait_ms(install_id, now_s)
        if wait_ms:
            raise TooManyRequests(retry_after_ms=wait_ms)

    async def run(self, work: Callable[[], T]) -> T:
        """Return what `work` returns, done in a thread when its turn comes. Raises TooManyRequests."""
        if self._turns.statistics().tasks_waiting >= self._waiting_max:
            raise TooManyRequests(retry_after_ms=QUEUE_WAIT_MS)
        return await to_thread.run_sync(work, limiter=self._turns)
