"""The demonstration bank: the same seed makes the same bank, and all of it is what the contract says."""

import re
from contextlib import closing
from datetime import date

import pytest
from sqlalchemy import select

from backend.app import House
from backend.demo.bank import make_bank
from backend.demo.day.size import share
from backend.demo.day.tale import mask_value
from backend.demo.places import BRANCHES
from backend.demo.seeding import seed_bank
from backend.domain.customers.models import customer_key
from backend.domain.customers.policy import customer_buckets, portfolios_of, portfolios_of_holding
from backend.domain.customers.rules.masking import mask_name
from backend.identifiers import read_identity
from backend.identity import Role
from backend.migrations import migrate
from backend.registry import KINDS
from backend.storage.tables import record
from sync.secrets import carries_secret
from tests.support.cheap import cheap_settings

AS_OF = "2026-11-21T00:00:00.000Z"


@pytest.fixture(scope="module")
def bank():
    return make_bank(1, AS_OF)


def test_the_same_seed_makes_the_same_bank(bank):
    assert make_bank(1, AS_OF) == bank
    assert make_bank(2, AS_OF) != bank


def test_the_bank_has_the_size_that_it_promises(bank):
    levels = [org.level for org in bank.orgs]
    assert (levels.count("union"), levels.count("bank"), levels.count("branch")) == (1, 3, 6)
    assert (len(bank.staff), len(bank.customers)) == (24, 2000)
    assert {person.role for person in bank.staff} == {role.value for role in Role}
    assert len({person.staff_no for person in bank.staff}) == 24
    assert sum(put.kind == "form_template" for put in bank.catalog) >= 3


def test_every_record_is_valid_for_its_kind(bank):
    for put in bank.records:
        KINDS[put.kind].validate(put.body)


def test_no_id_is_used_twice(bank):
    assert len({put.id for put in bank.records}) == len(bank.records)
    numbers = [put.body["customer_no"] for put in bank.customers]
    assert len(set(numbers)) == len(numbers)


def test_identity_numbers_are_there_by_their_last_four_only(bank):
    texts = [str(put.body) for put in bank.customers]
    assert all(re.fullmatch(r"\d{3}[\dX]", put.body["certificate_tail"]) for put in bank.customers)
    assert not any(re.search(r"\d{17}[\dXx]", text) for text in texts)
    assert not any(carries_secret(put.body) for put in bank.records)


def test_phones_are_well_formed_and_everybodys_own(bank):
    phones = [put.body["phone"] for put in bank.customers]
    assert all(re.fullmatch(r"1[3-9]\d{9}", phone) for phone in phones)
    assert len(set(phones)) == len(phones)


def test_branches_and_places_lie_in_fujian(bank):
    places = [place for put in bank.customers for place in put.body["places"]]
    points = [(org.lat, org.lon) for org in BRANCHES] + [(place["lat"], place["lon"]) for place in places]
    assert all(23.5 < lat < 28.4 and 115.8 < lon < 120.8 for lat, lon in points)


def test_every_customer_is_in_somebodys_portfolio_and_some_are_assisted(bank):
    held = {f"portfolio:{portfolio.portfolio_id}" for portfolio in bank.portfolios}
    field_managers = {person.staff_no for person in bank.staff if person.role == Role.FIELD_MANAGER.value}
    assert {portfolio.staff_no for portfolio in bank.portfolios} == field_managers
    assert all(customer_buckets(put.body) <= held for put in bank.customers)
    assert any(len(customer_buckets(put.body)) == 2 for put in bank.customers)


def test_holdings_are_seen_by_whom_their_customer_allows(bank):
    owners = {put.id: put.body for put in bank.customers}
    for put in bank.holdings:
        assert put.body["portfolios"] == portfolios_of_holding(owners[put.body["customer_id"]], put.body["org_id"])


def test_shares_add_up():
    assert [share(10, 4, at) for at in range(4)] == [3, 3, 2, 2]


def test_the_screen_shows_no_whole_name_and_no_whole_phone():
    assert [mask_name(name) for name in ("李小明", "李明", "李")] == ["李*明", "李*", "*"]
    assert mask_value("19900001234") == "199****1234"
    assert mask_value(None) == mask_value("") == "nothing"
    assert mask_value(["a", "b"]) == "a + b"
    assert len(mask_value("x" * 100)) < 30


def test_everybody_has_a_well_formed_certificate_of_their_own_and_of_nobody_else(bank):
    today = date(2026, 11, 21)
    numbers = [bank.certificates[put.id] for put in bank.customers]
    assert len(set(numbers)) == len(numbers)
    for put, number in zip(bank.customers, numbers, strict=True):
        read = read_identity(number, today)
        assert (read.is_valid, read.gender, number[-4:]) == (True, put.body["gender"], put.body["certificate_tail"])
        assert int(number[6:10]) == put.body["birth_year"]
        assert number[:6] == "359901"


def test_the_lobby_has_something_to_show_and_to_heed(bank):
    bodies = [put.body for put in bank.customers]
    for name in ("labels", "risk_level", "is_marketing_refused", "care"):
        assert 20 < sum(bool(body.get(name)) for body in bodies) < 1000
    assert len(bank.reminders) > 200
    assert {put.body["role"] for put in bank.relations} == {"01", "02", "05", "06", "07"}


def test_relations_and_reminders_are_seen_by_whom_their_customer_allows(bank):
    owners = {put.id: put.body for put in bank.customers}
    for put in (*bank.relations, *bank.reminders):
        assert put.body["portfolios"] == portfolios_of(put.kind, owners[put.body["customer_id"]], put.body)


def test_everybody_in_a_seeded_bank_can_be_found_and_no_certificate_is_kept(tmp_path):
    settings = cheap_settings(data_dir=str(tmp_path))
    migrate(settings.database)
    small = make_bank(1, AS_OF, 40)
    with closing(House(settings)) as house:
        seed_bank(house.engine, house.auth, small, lambda _what, _done, _of: None)
        with house.store.engine.connect() as connection:
            keys = {tuple(row) for row in connection.execute(select(customer_key.c.customer_id, customer_key.c.sort))}
            kept = str(connection.execute(select(record.c.body)).all())
    assert keys == {(put.id, sort) for put in small.customers for sort in ("certificate", "customer_no", "phone_name")}
    assert not any(number in kept for number in small.certificates.values())
