"""Visits to judge: one honest visit in Fuzhou, changed as a test needs it."""

import msgspec
import pytest

from backend.domain.visits.rules.datums import Point
from backend.domain.visits.rules.facts import Event, Trace, VisitFacts
from backend.domain.visits.rules.position import Position, Reference
from backend.domain.visits.rules.texts import fingerprint
from sync.moments import shift_moment

SHOP = Point(26.0745, 119.2965)
MORNING = "2026-11-20T02:00:00.000Z"  # a Friday, ten o'clock in Fuzhou
M_PER_DEGREE = 111_195.0
WORDS = "到店查看，货架充足，生意平稳，按期还款没有困难。"


class Maker:
    """Makes visits of one person, each a day's work away from the others unless told."""

    def __init__(self) -> None:
        self.n = 0

    def event(self, at=MORNING, north_m=0.0, accuracy_m=10.0, **told):
        point = Point(SHOP.lat + north_m / M_PER_DEGREE, SHOP.lon)
        return Event(at=at, position=Position(point=point, accuracy_m=accuracy_m), **told)

    def trace(self, after_s=0.0, stay_s=900.0, north_m=0.0, content=WORDS, **told):
        self.n += 1
        at = shift_moment(MORNING, seconds=after_s)
        made = {
            "id": f"v-{self.n}", "author": "m-1", "install_id": "i-1", "device_id": "d-1", "n": self.n,
            "root": f"v-{self.n}", "text": fingerprint(content), "check_in": self.event(at, north_m),
            "check_out": self.event(shift_moment(at, seconds=stay_s), north_m),
        }  # fmt: skip
        return Trace(**{**made, **told})

    def facts(self, trace=None, **told):
        trace = trace or self.trace()
        made = {
            "trace": trace, "content": WORDS, "received_at": shift_moment(trace.until_at, hours=1),
            "references": [Reference(point=SHOP, radius_m=300)],
        }  # fmt: skip
        return VisitFacts(**{**made, **told})


@pytest.fixture
def make():
    return Maker()


def changed(trace, **told):
    return msgspec.structs.replace(trace, **told)
