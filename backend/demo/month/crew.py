"""Who works in the month: the managers with a tablet each, and the desks of supervisors, administrator and auditor."""

from datetime import date
from pathlib import Path

from msgspec.structs import replace

from backend.demo.credentials import Credentials
from backend.demo.day.clock import PlayedClock
from backend.demo.day.crew import Desk, Recruiter
from backend.demo.month.rounds import Rounds
from backend.demo.month.watch import Watch


class Crew:
    """Enrols the managers, each with a tablet whose wall clock is its own, and the desks."""

    def __init__(
        self, url: str, credentials: Credentials, first: date, clock: PlayedClock, folder: Path, seed: int
    ) -> None:  # fmt: skip
        self._first = first
        self._url, self._credentials, self._clock, self._folder, self._seed = url, credentials, clock, folder, seed
        self._codes = {org.org_id: iter(credentials.codes_of(org.org_id)) for org in credentials.orgs}
        self._recruiters: list[Recruiter] = []

    def manager(self, staff_no: str, diligence: float) -> Rounds:
        """Return a manager with an enrolled tablet."""
        watch = Watch(self._first, self._clock)
        (worker,) = self._recruiter(staff_no, watch).crew((staff_no,))
        return Rounds(worker, watch, diligence)

    def desk(self, staff_no: str) -> Desk:
        """Return a desk with its person signed in."""
        return self._recruiter(staff_no, Watch(self._first, self._clock)).desk(staff_no)

    def close(self) -> None:
        """Hang up all lines."""
        for recruiter in self._recruiters:
            recruiter.close()

    def _recruiter(self, staff_no: str, watch: Watch) -> Recruiter:
        org_id = self._credentials.get_person(staff_no).org_id
        code = next(self._codes[org_id])
        ready = [one for one in self._credentials.enrolment_codes if one.code == code]
        own = replace(self._credentials, enrolment_codes=ready)
        self._recruiters.append(Recruiter(self._url, own, watch, self._folder, self._seed))
        return self._recruiters[-1]
