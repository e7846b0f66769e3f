"""What supervisors decide about odd visits: one is accepted, one rejected, appealed for and decided by another."""

from collections.abc import Mapping
from datetime import date

from backend.demo.day.crew import Desk
from backend.demo.day.scene import Happening
from backend.demo.month.rounds import Rounds
from backend.demo.month.stories import MONTH, Note
from contracts.base import Body
from contracts.errors import ErrorCode
from sync.tablet.errors import Refused

ACCEPTED, REJECTED = "F350101-1", "F350601-2"
LOOKED_AT, REJECTED_ON = date(2026, 10, 26), date(2026, 11, 6)
LOOKED_AT_MIN, REJECTED_MIN, APPEALED_MIN, DECIDED_MIN = 8 * 60 + 45, 10 * 60, 11 * 60, 14 * 60
REVIEWS = "/visits/reviews"


class Reviews:
    """The month's decisions, by the day. `managers` and `desks` are keyed by staff number."""

    def __init__(self, managers: Mapping[str, Rounds], desks: Mapping[str, Desk], note: Note) -> None:
        self._managers, self._desks, self._note = managers, desks, note
        self._appealed = ""  # the visit

    def happenings_on(self, day: date) -> list[Happening]:
        """Return (minute of the day, what happens)."""
        script: dict[date, list[Happening]] = {
            LOOKED_AT: [(LOOKED_AT_MIN, self._accept)],
            REJECTED_ON: [
                (REJECTED_MIN, self._reject), (APPEALED_MIN, self._appeal), (DECIDED_MIN, self._decide_appeal),
            ],
        }  # fmt: skip
        return script.get(day, [])

    def _accept(self) -> None:
        """A bad signal is nobody's fault: the customer says on the telephone who was there."""
        queue = self._desks["S3501"].get(f"{REVIEWS}?month={MONTH}")["items"]
        self._note(f"⚖ {len(queue)} visits wait for S3501, the most doubtful first: {_list(queue)}")
        item = next(one for one in queue if one["author"] == ACCEPTED and one["verdict"] == "POOR_FIX")
        self._decide("S3501", item, "accept", "电话回访客户，确认当天到访。")
        self._note(f"  S3501 calls the customer and accepts {ACCEPTED}'s visit with the bad signal: it counts")

    def _reject(self) -> None:
        (item,) = self._desks["S3506"].get(f"{REVIEWS}?month={MONTH}&flag=text_reused")["items"]
        assert item["author"] == REJECTED, "the pasted text is theirs"
        self._appealed = item["visit_id"]
        self._decide("S3506", item, "reject", "内容与之前的走访相同，请如实填写。")
        self._note(f"⚖ S3506 rejects {REJECTED}'s pasted text, in a month that is closed")

    def _appeal(self) -> None:
        """Read the decision, and appeal without a line; it is handed in later."""
        manager = self._managers[REJECTED]
        manager.hand_in()
        view = manager.worker.tablet.view("visit_grade", self._appealed)
        assert view is not None, "one's own visit"
        manager.worker.weather.is_offline = True
        said = {
            "visit_id": self._appealed,
            "sort": "appeal",
            "text": "确实到访，有照片和客户签字，文字是从备忘录粘贴的。",
        }
        manager.worker.tablet.create("visit_reply", said)
        self._note(f"  {REJECTED} reads: {view.body['steps'][-1]['en']}")
        self._note(f"  {REJECTED} appeals, without a line")

    def _decide_appeal(self) -> None:
        self._managers[REJECTED].worker.weather.is_offline = False
        self._managers[REJECTED].hand_in()
        item = self._desks["S35"].get(f"{REVIEWS}/{self._appealed}")["item"]
        refused = self._refusal(item)
        assert refused == ErrorCode.OWN_WORK.code, "an appeal is decided by another person"
        self._decide("S35", item, "accept", "照片与签字属实，提醒今后现场填写。")
        self._managers[REJECTED].hand_in()
        view = self._managers[REJECTED].worker.tablet.view("visit_grade", self._appealed)
        assert view is not None, "one's own visit"
        self._note(f"⚖ S3506 tries to decide the appeal as well: refused, {refused}; S35 accepts")
        self._note(f"  {REJECTED} reads: {view.body['steps'][-1]['en']}")

    def _refusal(self, item: Body) -> str:
        try:
            self._decide("S3506", item, "accept", "")
        except Refused as refused:
            return refused.code
        return ""

    def _decide(self, by: str, item: Body, decision: str, reason: str) -> None:
        said = {"decision": decision, "reason": reason, "version": item["version"]}
        self._desks[by].ask("POST", f"{REVIEWS}/{item['visit_id']}/decisions", said)


def _list(queue: list[Body]) -> str:
    return ", ".join(f"{one['author']} {one['verdict']} {_probability(one)}".rstrip() for one in queue)


def _probability(item: Body) -> str:
    return "" if item["probability"] is None else f"{item['probability']:.2f}"
