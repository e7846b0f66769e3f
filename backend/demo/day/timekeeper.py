"""The server's timed jobs by the played clock: the server's own clockwork looks at real seconds, and a day has few."""

from backend.app import House

PLAYED = ("pace_lines", "keep_lobby_days", "settle_media", "end_days")


class Timekeeper:
    """Leads the clockwork from the demonstration's process, so that each slot's work is done at its played time.

    Make it before the server starts: who leads first leads on, and the server leaves the jobs alone.
    """

    def __init__(self, house: House) -> None:
        self._clockwork = house.clockwork
        self._jobs = [job for job in house.clockwork.jobs if job.name in PLAYED]
        self.step()

    def step(self) -> None:
        """Run what is due and was not run in its present slot."""
        for job in self._jobs:
            self._clockwork.tick(job)
