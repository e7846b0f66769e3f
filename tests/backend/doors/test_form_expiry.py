"""A form that nobody fetched ends with its day; one at the counter waits for the teller's word."""

from datetime import UTC, datetime, timedelta

import pytest

from backend.app import House
from backend.domain.forms.jobs import expire_forms
from backend.settings import Settings
from sync.moves import move_record
from sync.puts import Put
from sync.store import Key
from tests.backend.doors.tablets import new_id
from tests.backend.forms.paper import IDENTITY

NOON = datetime(2026, 11, 21, 4, tzinfo=UTC)
MIDNIGHT = datetime(2026, 11, 21, 16, tzinfo=UTC)  # in China


class Day:
    """A server whose clock stands where it is put."""

    def __init__(self, settings: Settings) -> None:
        self.now = NOON
        self.house = House(settings, lambda: self.now)

    def form(self, *states: str) -> str:
        id = new_id()
        at = self.house.auth.now()
        body = {"branch_id": "3501", "template_id": new_id(), "state": "draft", "state_at": at, "author": "L1",
                "values": {"id_no": IDENTITY}}  # fmt: skip
        self.house.engine.put_records([Put(kind="form", id=id, body=body)], "test")
        for state in states:
            self.move(id, state)
        return id

    def move(self, id: str, to: str) -> None:
        kinds, at = self.house.engine.kinds, self.house.auth.now()
        self.house.store.write(lambda unit: move_record(unit, kinds, Key("form", id), to, {}, by="test", at=at))

    def expire(self) -> int:
        house = self.house
        return expire_forms(house.engine, house.store, self.now, counter_h=house.settings.form_counter_h)

    def body(self, id: str):
        stored = self.house.store.read(lambda look: look.records([Key("form", id)]))[Key("form", id)]
        return self.house.engine.kinds["form"].read(stored.body)


@pytest.fixture
def day(settings):
    day = Day(settings)
    yield day
    day.house.close()


def test_forms_end_at_midnight_in_china_and_their_certificates_are_masked(day):
    ids = [day.form(*states) for states in ((), ("complete",), ("complete", "confirmed", "bound"))]
    assert day.body(ids[2])["pick_up_code"] != ""
    day.now = MIDNIGHT - timedelta(seconds=1)
    assert day.expire() == 0
    day.now = MIDNIGHT
    assert (day.expire(), day.expire()) == (3, 0)
    for id in ids:
        body = day.body(id)
        assert (body["state"], body["pick_up_code"], body["values"]["id_no"]) == ("expired", "", "*" * 14 + "0015")


def test_a_form_at_the_counter_waits_a_day_for_the_tellers_word(day):
    id = day.form("complete", "confirmed", "bound", "loaded")
    day.now = NOON + timedelta(hours=23, minutes=59)
    assert (day.expire(), day.body(id)["state"]) == (0, "loaded")
    day.now = NOON + timedelta(hours=24)
    assert (day.expire(), day.body(id)["state"]) == (1, "expired")


def test_what_has_ended_stays_as_it_ended(day):
    taken, left = day.form("complete", "confirmed", "bound", "loaded", "accepted"), day.form("cancelled")
    day.now = NOON + timedelta(days=9)
    assert day.expire() == 0
    assert (day.body(taken)["state"], day.body(left)["state"]) == ("accepted", "cancelled")


def test_a_code_is_good_for_four_hours_and_binding_makes_a_fresh_one(day):
    id = day.form("complete", "confirmed")
    first = day.body(id)
    assert first["pick_up_expires_at"] == "2026-11-21T08:00:00.000Z"
    day.now = NOON + timedelta(hours=5)
    day.move(id, "bound")
    second = day.body(id)
    assert second["pick_up_code"] not in ("", first["pick_up_code"])
    assert second["pick_up_expires_at"] == "2026-11-21T13:00:00.000Z"
