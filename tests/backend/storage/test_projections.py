"""Projections follow their records in the same transaction."""

import msgspec
import pytest
from sqlalchemy import select

from backend.domain.reviews.models import REVIEW_PROJECTION, review
from backend.domain.tickets.models import TICKET_PROJECTION, ticket
from backend.storage.engine import make_engine
from backend.storage.sql_store import SqlStore
from sync.store import Stored, Write
from tests.sync.store_cases import Refused, create, save, stored

TICKET = {
    "branch_id": "3501",
    "series": "A",
    "business_date": "2026-11-21",
    "number": 7,
    "issued_at": "2026-11-21T01:30:00.000Z",
    "state": "waiting",
}
REVIEW = {
    "cause": "field_conflict",
    "sort": "conflict",
    "must_act": "supervisor",
    "install_id": "01970000-0000-7000-8000-000000000001",
    "n": 4,
    "author": "s-1",
    "org_id": "3501",
    "raised_at": "2026-11-21T01:30:00.000Z",
    "state": "open",
}


@pytest.fixture
def store(url):
    with SqlStore(make_engine(url), {"ticket": TICKET_PROJECTION, "review": REVIEW_PROJECTION}) as store:
        yield store


def make(kind, body, version=1, **fields) -> Stored:
    return stored(f"{kind}-1", version, kind=kind, body=msgspec.json.encode(body), **fields)


def rows(store, table):
    with store.engine.connect() as connection:
        return [dict(row) for row in connection.execute(select(table)).mappings()]


def test_a_ticket_is_in_the_line_that_sql_sees(store):
    first = make("ticket", TICKET)
    save(store, create(first), create(stored("f-1")))
    untouched = dict.fromkeys(("overflow", "counter", "for_series", "for_counter", "called_at", "returned_at"))
    expected = {"id": "ticket-1", **TICKET, **untouched, "priority": 0}
    assert rows(store, ticket) == [expected]
    called = make("ticket", TICKET | {"state": "called", "overflow": "B"}, 2)
    save(store, Write(before=first, after=called))
    assert rows(store, ticket) == [expected | {"state": "called", "overflow": "B"}]


def test_a_review_is_listed_with_who_must_act(store):
    save(store, create(make("review", REVIEW)))
    shown = ("state", "must_act", "install_id", "author", "org_id", "raised_at")
    assert rows(store, review) == [{"id": "review-1", **{name: REVIEW[name] for name in shown}}]


@pytest.mark.parametrize(("kind", "body", "table"), [("ticket", TICKET, ticket), ("review", REVIEW, review)])
def test_what_is_no_more_is_not_listed(store, kind, body, table):
    first = make(kind, body)
    save(store, create(first))
    save(store, Write(before=first, after=stored(first.id, 2, (), kind=kind, standing="deleted", body=b"")))
    assert rows(store, table) == []


def test_a_unit_that_raises_projects_nothing(store):
    def work(unit):
        unit.save_records([create(make("ticket", TICKET))])
        raise Refused

    with pytest.raises(Refused):
        store.write(work)
    assert rows(store, ticket) == []


def test_many_tickets_are_projected_at_once(store):
    save(store, *(create(msgspec.structs.replace(make("ticket", TICKET), id=f"t-{n}")) for n in range(500)))
    assert {row["id"] for row in rows(store, ticket)} == {f"t-{n}" for n in range(500)}
