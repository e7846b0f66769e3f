"""A brake for those who ask too often, per install and per address, in this process.

Written here because what exists either counts by wall time or keeps a key for every stranger for ever.
The generic cell rate algorithm needs one number per key; the least recent key is forgotten first.
"""

from collections import OrderedDict
from math import ceil
from threading import Lock

KEYS_MAX = 20_000


class Throttle:
    """Lets `per_min` requests a minute through for each key, all of them at once if need be."""

    def __init__(self, per_min: int, keys_max: int = KEYS_MAX) -> None:
        self._interval_s = 60 / per_min
        self._burst_s = 60 - self._interval_s
        self._keys_max = keys_max
        self._free_at_s: OrderedDict[str, float] = OrderedDict()
        self._lock = Lock()

    def blocked_ms(self, key: str, now_s: float) -> int:
        """Return how long a key must wait for its next request, 0 if not at all, and count nothing."""
        with self._lock:
            over_s = self._free_at_s.get(key, 0.0) - now_s - self._burst_s
            return ceil(over_s * 1000) if over_s > 1e-9 else 0

    def wait_ms(self, key: str, now_s: float) -> int:
        """Count a request and return 0, or return how long to wait and count nothing. `now_s` never goes back."""
        with self._lock:
            free_at_s = max(self._free_at_s.get(key, 0.0), now_s)
            if free_at_s - now_s > self._burst_s + 1e-9:
                return ceil((free_at_s - now_s - self._burst_s) * 1000)
            self._free_at_s[key] = free_at_s + self._interval_s
            self._free_at_s.move_to_end(key)
            if len(self._free_at_s) > self._keys_max:
                self._free_at_s.popitem(last=False)
            return 0
