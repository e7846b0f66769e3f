"""The server's timed jobs by the played clock, and the moment when all that was pushed has been judged.

The server's own clockwork looks at real seconds, of which a played day has few.
"""

import time
from collections.abc import Collection

from backend.app import House
from backend.storage.follow_ups import count_waiting

JUDGED_S_MAX = 60.0  # so long a push may wait for its grades before something is wrong
LOOK_S = 0.02


class Timekeeper:
    """Leads the clockwork from the demonstration's process, so that each slot's work is done at its played time.

    Make it before the server starts: who leads first leads on, and the server leaves the jobs alone. `names` are the
    jobs that matter; by default, all.
    """

    def __init__(self, house: House, names: Collection[str] | None = None) -> None:
        self._house = house
        self._jobs = [job for job in house.clockwork.jobs if names is None or job.name in names]
        self.step()

    def step(self) -> list[str]:
        """Run what is due and was not run in its present slot; return which jobs ran."""
        return [job.name for job in self._jobs if self._house.clockwork.tick(job)]


def await_judgement(house: House) -> None:
    """Wait until the server has done all that follows from what it was handed."""
    ends_at = time.monotonic() + JUDGED_S_MAX
    while count_waiting(house.store):
        assert time.monotonic() < ends_at, "visits are not judged"
        time.sleep(LOOK_S)
