"""The server's timed jobs by the played clock: its own clockwork looks at real seconds, of which a day has too few."""

from backend.app import House
from backend.jobs.claims import claim
from backend.jobs.schedule import Job, slot_of

PLAYED = ("pace_lines", "keep_lobby_days", "end_days")
BY = "demonstration"


class Timekeeper:
    """Runs the lobby's jobs as their played time comes, each slot once, as the server itself would."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._jobs = [job for job in house.clockwork.jobs if job.name in PLAYED]

    def step(self) -> None:
        """Run what is due."""
        for job in self._jobs:
            self.run(job)

    def run(self, job: Job) -> bool:
        """Run a job unless its present slot was taken; return whether it ran."""
        now = self._house.engine.clock()
        if not claim(self._house.store, job.name, slot_of(job, now), now, BY):
            return False
        job.run(now)
        return True
