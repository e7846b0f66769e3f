"""What a field manager does all day: visits customers and corrects what the bank knows of them (001-17)."""

from random import Random
from typing import Any

from backend.demo.customers import M_PER_DEGREE, PHONE_PREFIX
from backend.demo.day.clock import CLOSES_MIN, DayClock
from backend.demo.day.crew import Worker
from contracts.base import Body
from sync.tablet.overlay import View

FIRST_MIN, LAST_MIN = 9 * 60, CLOSES_MIN - 20
STAY_MIN = (6, 15)
WAY_SHARE = 0.5  # of the time from one visit to the next
PURPOSES = ("贷后检查", "存款营销", "到期提醒", "新客户走访", "投诉回访")
CONTENTS = (
    "到店查看，货架充足，生意平稳，按期还款没有困难。",
    "茶园今年收成较好，客户计划年底前增加一笔定期存款。",
    "客户反映手机银行转账限额偏低，已说明调整办法。",
    "家中老人不便出门，约定下周上门办理社保卡激活。",
    "养殖场扩建已经完工，贷款用途与合同一致，已拍照。",
    "客户准备换新的联系方式，已当面核对并登记。",
)
DETAILS = (
    "家里添了一辆三轮车", "儿子在厦门打工", "今年雨水多，耽误了采摘", "邻村也有人打听贷款", "想把旧屋翻修",
    "问到存单到期怎么办", "担心鱼塘的电费", "打算开春再进货", "合作社欠的款已经收回", "老伴下月去复查",
    "订单比去年少一成", "准备把店面往后挪", "村里正在修路", "要等女儿回来商量",
)  # fmt: skip
NEXT_STEPS = ("", "", "两周后回访", "月底前送达产品资料", "联系支行预约办理")
PHOTO_SHARE = 0.15
SPREAD_M = 25


class Field:
    """One field manager's day."""

    def __init__(self, worker: Worker, day: DayClock, *, visits: int, corrections: int) -> None:
        self.worker, self._day = worker, day
        self.random: Random = worker.random
        self.customers = [view.id for view in worker.tablet.find("customer")]
        self.random.shuffle(self.customers)
        self._apart_min = (LAST_MIN - FIRST_MIN) / max(1, visits)
        self._visits = [round(FIRST_MIN + self._apart_min * (at + self._jitter())) for at in range(visits)]
        self._corrections = sorted(self.random.randint(FIRST_MIN, LAST_MIN) for _ in range(corrections))
        self.visited = self.corrected = self.photos = 0

    def _jitter(self) -> float:
        """Return when in its share of the day a visit ends: never so that the next would begin before."""
        return self.random.uniform(0.6, 0.8)

    def step(self) -> None:
        """Do what is due at this minute."""
        while self._visits and self._visits[0] <= self._day.minute:
            self._visits.pop(0)
            self.visit(self.next_customer())
        while self._corrections and self._corrections[0] <= self._day.minute:
            self._corrections.pop(0)
            self.correct(self.next_customer(), self._draw_correction())

    def next_customer(self, portfolio: str | None = None) -> View:
        """Return a customer on this tablet who was not picked before, of one portfolio if it is named."""
        for at, id in enumerate(self.customers):
            view = self.worker.tablet.view("customer", id)
            if view is not None and (portfolio is None or view.body.get("host_portfolio") == portfolio):
                del self.customers[at]
                return view
        raise AssertionError("the day has more visits than the portfolio has customers")

    def visit(self, customer: View) -> int:
        """Log a visit that ends now, and return its number in the journal."""
        stay_min = min(self.random.randint(*STAY_MIN), max(1, int(self._apart_min * WAY_SHARE)))
        place = self.random.choice(customer.body["places"])
        said: Body = {
            "customer_id": customer.id,
            "purpose": self.random.choice(PURPOSES), "content": self._draw_content(place["label"], stay_min),
            "people_met": [customer.body["name"]], "started_at": self._day.moment(minutes_ago=stay_min),
            "ended_at": self._day.moment(), "next_step": self.random.choice(NEXT_STEPS),
            "check_in": self._fixes(place, stay_min), "check_out": self._fixes(place, 0),
        }  # fmt: skip
        id = self.worker.new_id()
        if self.random.random() < PHOTO_SHARE:
            said["photos"] = [self._photograph(id)]
        self.visited += 1
        return self.worker.tablet.append("visit", said, id=id).n

    def correct(self, customer: View, set: Body, reason: str = "客户当面告知") -> int:
        """Propose better contact data, and return the proposal's number in the journal."""
        self.corrected += 1
        return self.worker.tablet.propose("customer", customer.id, set, reason=reason).n

    def new_phone(self) -> str:
        """Return a phone number that no customer has."""
        return PHONE_PREFIX.replace("199", "198") + f"{self.random.randint(0, 9999):04d}"

    def _draw_content(self, place: str, stay_min: int) -> str:
        """Return what was talked about, with what no other visit has in common."""
        said = self.random.choice(CONTENTS)
        details = self.random.sample(DETAILS, 3)
        return f"{said}在{place}谈了{stay_min}分钟，{'，'.join(details)}。"

    def _draw_correction(self) -> Body:
        choices: list[dict[str, Any]] = [
            {"phone": self.new_phone()},
            {"best_time": self.random.choice(("早上九点前", "晚上七点后", "周六上午"))},
            {"contact_note": self.random.choice(("请先发短信", "耳背，说话慢一些", "由女儿代接电话"))},
            {"phone": self.new_phone(), "best_time": "午后"},
        ]
        return self.random.choice(choices)

    def _fixes(self, place: Body, minutes_ago: int) -> list[Body]:
        """Return three fixes near a place, as a receiver gives them within ten seconds (domain-rules.md §1)."""
        told = self.worker.clock.read()
        ages_ms = [round((minutes_ago * 60 - at * 4) * 1000) for at in range(3)]
        return [
            {
                "lat": round(place["lat"] + self.random.gauss(0, SPREAD_M) / M_PER_DEGREE, 7),
                "lon": round(place["lon"] + self.random.gauss(0, SPREAD_M) / M_PER_DEGREE, 7),
                "accuracy_m": round(self.random.uniform(4, 30), 1), "provider": "gps",
                "satellites": self.random.randint(6, 19), "boot_id": told.boot,
                "fix_elapsed_ms": max(0, told.mono_ms - ages_ms[at]),
                "fix_wall_time": self._day.moment(minutes_ago=minutes_ago - at * 4 / 60), "sample_count": 1,
            }
            for at in range(3)
        ]  # fmt: skip

    def _photograph(self, visit: str) -> str:
        """Keep a picture of noise that begins as a JPEG does."""
        self.photos += 1
        return self.worker.tablet.keep_photo(
            "visit", visit, b"\xff\xd8\xff\xe0" + self.random.randbytes(3_000) + b"\xff\xd9"
        )
