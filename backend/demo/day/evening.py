"""The evening: doors close, what is left goes back, the timed job ends the day, and every number has its place."""

from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from functools import partial

from backend.crm.embedded import drain_outbox
from backend.demo.day.clock import CLOSES_MIN
from backend.demo.day.crew import Worker, settle
from backend.demo.day.door import Door
from backend.demo.day.guests import Guest
from backend.demo.day.numbers import count_held, tell_numbers
from backend.demo.day.outage import DARK, MACHINE_AT
from backend.demo.day.scene import Scene, sync_until
from backend.demo.day.tale import align
from backend.demo.day.timekeeper import Timekeeper
from backend.demo.queue_machine import LineDown

QUIET_ROUNDS_MAX = 10
FORGETFUL = "L350601-1"  # goes home without giving numbers back
NUMBER_HEADINGS = (
    "", "given out", "by the server", "from blocks", "by tablets", "overflow", "returned", "voided", "missing",
    "double",
)  # fmt: skip


class Evening:
    """How the day ends at every branch."""

    def __init__(self, scene: Scene, workers: Sequence[Worker], timekeeper: Timekeeper) -> None:
        self._scene, self._workers, self._timekeeper = scene, workers, timekeeper
        self._doors: list[Door] = [branch.door for branch in scene.branches.values() if branch.door is not None]

    def close(self) -> None:
        """Close the doors: whoever sits at a counter finishes, and everybody syncs until nothing moves."""
        late, _ = self._scene.branches[DARK].welcome(Guest(minute=CLOSES_MIN, is_at_machine=True))
        self._scene.note(f"{late} is printed as the doors close, and nobody calls it any more")
        for branch in self._scene.branches.values():
            branch.close()
        for field in self._scene.fields.values():
            field.worker.tablet.end_day(self._scene.day.business_date)
        self._return_numbers()
        self._settle_everything("hand in")
        done = drain_outbox(self._scene.house.engine, self._scene.house.store)
        self._scene.note(f"☎ the CRM decides the last proposals: {done.accepted} accepted")
        self._settle_everything("take in")
        weathers = [*(worker.weather for worker in self._workers), *(door.weather for door in self._doors)]
        lost, asked = sum(one.answers_lost for one in weathers), sum(one.requests for one in weathers)
        self._scene.note(f"closed; of {asked:,} answers {lost} were lost on their way, and asked for again")

    def _return_numbers(self) -> None:
        """Return what was not handed out; one tablet and one machine are switched off before they do."""
        for name, lobby in self._scene.lobbies.items():
            if name != FORGETFUL:
                lobby.worker.tablet.end_day(self._scene.day.business_date)
        returning = self._scene.branches[MACHINE_AT].door
        assert returning is not None
        while returning.machine.blocks:
            with suppress(LineDown):
                returning.machine.end_day(self._scene.day.business_date)

    def end(self) -> dict[str, int]:
        """Let the timed job end the day; return how many numbers of each branch it voided."""
        self._scene.tale.title("The day's end, by the timed job")
        voided = count_held(self._scene.supervisor, self._scene.branches.values(), self._scene.day.business_date)
        self._scene.day.minute = self._scene.house.settings.day_ends_h * 60
        for lobby in self._scene.lobbies.values():
            lobby.worker.tablet.end_day(self._scene.day.business_date)
        before = self._counted()
        self._timekeeper.step()
        self._settle_everything("hear of the day's end")
        after = self._counted()
        told = ", ".join(f"{after[name] - before[name]} {name}" for name in after)
        self._scene.tale.lines(
            [f"{self._scene.day.hour()}  {told}; {sum(voided.values())} leased numbers that nobody gave back are void"]
        )
        rows = tell_numbers(
            self._scene.supervisor, self._scene.branches.values(), self._scene.day.business_date, voided
        )
        self._scene.tale.lines(align([NUMBER_HEADINGS, *rows]))
        return voided

    def _counted(self) -> Counter[str]:
        """Return how many tickets are expired and how many counters closed, as the tablets see it."""
        tablets = [branch.lobbies[0].worker.tablet for branch in self._scene.branches.values()]
        tickets = [view.body.get("state") for tablet in tablets for view in tablet.find("ticket")]
        counters = [view.body.get("state") for tablet in tablets for view in tablet.find("counter")]
        return Counter({"tickets expired": tickets.count("expired"), "counters closed": counters.count("closed")})

    def _settle_everything(self, what: str) -> None:
        for door in self._doors:
            door.sync()
        for worker in self._workers:
            assert settle(worker, QUIET_ROUNDS_MAX), f"{worker.name} cannot {what}"
        for worker in self._workers:
            sync_until(worker, partial(_find_grades, worker))


def _find_grades(worker: Worker) -> int | None:
    """Return how many visits of this tablet are judged, once all are: that may take some moments."""
    made = sum(view.body.get("author") == worker.name for view in worker.tablet.find("visit"))
    judged = len(worker.tablet.find("visit_grade"))
    return judged if judged >= made else None
