"""An hour in which two counters are missing: the line grows, the staffing view says so, and they open again."""

from backend.demo.day.crew import settle
from backend.demo.day.door import Door
from backend.demo.day.lobby import Lobby
from backend.demo.day.scene import Happening, Scene, at
from contracts.kinds.counter import counter_id

BRANCH = "350102"
MISSING = ("2", "5")


class Staffing:
    """A branch with too few counters, as its supervisor sees it."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene

    def script(self) -> list[Happening]:
        """Return (minute of the day, what happens)."""
        return [
            (at(13, 58), lambda: self._pause(is_open=False)),
            (at(14, 18), self._look),
            (at(14, 55), self._look),
            (at(14, 56), lambda: self._pause(is_open=True)),
            (at(15, 45), self._look),
        ]

    def _pause(self, *, is_open: bool) -> None:
        branch = self._scene.branches[BRANCH]
        for number in MISSING:
            counter = branch.counter(number)
            counter.is_open = is_open
            if isinstance(counter.caller, Lobby):
                tablet = counter.caller.worker.tablet
                tablet.transition("counter", counter_id(BRANCH, number), "open" if is_open else "paused", {})
                settle(counter.caller.worker)
            elif isinstance(counter.caller, Door):
                counter.caller.say("open" if is_open else "pause", counter=number)
        does = "open again" if is_open else "pause"
        self._scene.note(f"⏸ counters {' and '.join(MISSING)} of {BRANCH} {does}")

    def _look(self) -> None:
        line = self._scene.supervisor.get(f"/lobby/line/{BRANCH}")
        staffing = next(one for one in line["staffing"] if one["series"] == "A")
        told = next(one.get("text") for one in line["series"] if one["series"] == "A")
        c, a, needed = staffing["counters"], staffing["offered_erlang"], staffing.get("counters_needed")
        who = self._scene.supervisor.person.staff_no
        if staffing["is_growing"]:
            words = f"THE QUEUE GROWS, {needed} counters are needed"
        else:
            words = f"{100 * staffing['service_level']:.0f} % in time at this pace"
        self._scene.note(
            f"▤ {who} sees {BRANCH}: {line['waiting']} wait ({told}), {c} counters for {a:.1f} erlang: {words}"
        )
