"""Counters that ask at the same moment, on both databases: a form goes to one of them, once."""

from datetime import UTC, datetime
from typing import Any

import pytest

from backend.app import House
from backend.auth.partners import Partner
from backend.domain.orgs.queries import OrgRow, add_org
from backend.settings import Settings
from backend.teller.errors import PickUpRefused, RequestReused
from contracts.teller import LoadRequest, LoadResponse, ResultRequest
from sync.moves import move_record
from sync.puts import Put
from sync.store import Key
from tests.sync.store_cases import run_together

FORM = "00000000-0000-4000-8000-00000000f001"
TEMPLATE = "00000000-0000-4000-8000-00000000f002"
NOW = datetime(2026, 11, 21, 2, tzinfo=UTC)
SYSTEM = Partner(partner_id="t-1", sort="teller", org_id="3501", name="柜面系统")


@pytest.fixture
def house(url, tmp_path):
    house = House(Settings(database_url=url, data_dir=str(tmp_path / "data")), lambda: NOW)
    house.store.write(lambda unit: add_org(unit.connection, OrgRow(org_id="3501", name="甲一支行", level="branch")))
    body = {"branch_id": "3501", "template_id": TEMPLATE, "state": "draft", "state_at": house.auth.now()}
    house.engine.put_records([Put(kind="form", id=FORM, body=body)], "test")
    for to in ("complete", "confirmed"):
        move(house, to)
    yield house
    house.close()


def move(house, to):
    kinds, at = house.engine.kinds, house.auth.now()
    house.store.write(lambda unit: move_record(unit, kinds, Key("form", FORM), to, {}, by="test", at=at))


def body(house):
    stored = house.store.read(lambda look: look.records([Key("form", FORM)]))[Key("form", FORM)]
    return house.engine.kinds["form"].read(stored.body)


def load(house, code, request_id):
    try:
        return house.teller.load(SYSTEM, LoadRequest(request_id=request_id, pick_up_code=code))
    except (PickUpRefused, RequestReused) as refused:
        return type(refused)


def test_of_counters_with_one_code_one_gets_the_form(house):
    code = body(house)["pick_up_code"]
    answers: list[Any] = []
    run_together(4, lambda at: answers.append(load(house, code, f"r{at}")))
    assert sum(isinstance(answer, LoadResponse) for answer in answers) == 1
    assert answers.count(PickUpRefused) == 3
    assert body(house)["state"] == "loaded"


def test_a_request_that_comes_four_times_at_once_is_done_once_and_answered_alike(house):
    code = body(house)["pick_up_code"]
    answers: list[Any] = []
    run_together(4, lambda _: answers.append(load(house, code, "r")))
    assert [answer == answers[0] for answer in answers] == [True] * 4, answers
    assert answers[0].form_id == FORM


def test_of_two_words_about_a_form_the_first_stands(house):
    code = body(house)["pick_up_code"]
    load(house, code, "r")
    told = ResultRequest(request_id="w", form_id=FORM, outcome="accepted")
    answers: list[Any] = []
    run_together(3, lambda _: answers.append(house.teller.take(SYSTEM, told)))
    assert {answer.state for answer in answers} == {"accepted"}
