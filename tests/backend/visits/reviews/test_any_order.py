"""Whatever people try, in whatever order, the queue is what is open."""

from shutil import copy

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from backend.domain.visits.models import visit, visit_review
from sync.errors import AlreadyDecided, NotFound, OwnWork
from sync.store import Key
from tests.backend.visits.field import Pad
from tests.backend.visits.reviews.office import BOSS, BRANCH, SECOND, STRANGER, Office
from tests.support.databases import open_store

deeds = st.lists(
    st.tuples(st.sampled_from(["accept", "reject", "ask", "answer", "appeal"]), st.integers(0, 3)), max_size=8
)


@pytest.fixture(scope="module")
def one_office(tmp_path_factory, migrated_file):
    """One SQLite file for many random reviews, each of a visit of its own."""
    file = copy(migrated_file, tmp_path_factory.mktemp("reviews"))
    with open_store(f"sqlite:///{file}") as store:
        office = Office(store)
        yield office, Pad(office)


@given(deeds)
def test_whatever_people_try_the_queue_is_what_is_open_and_no_two_hats_are_worn(one_office, tried):
    (office, pad), actors = one_office, [BOSS, SECOND, BRANCH, STRANGER]
    odd = office.odd_visit(pad)
    for deed, who in tried:
        if deed in ("answer", "appeal"):
            pad.reply(odd, deed)
            pad.push()
            continue
        try:
            office.decide(actors[who], odd, deed)
        except (AlreadyDecided, OwnWork, NotFound):
            continue
    graded = office.grade(odd)
    is_open = graded["review_state"] in ("pending", "asked", "answered", "appealed")
    queued = office.store.read(
        lambda look: look.connection.scalars(select(visit_review.c.area).where(visit_review.c.visit_id == odd)).all()
    )
    assert sorted(queued) == (["35", "3501", "FJ"] if is_open else [])
    row = office.store.read(lambda look: look.connection.execute(select(visit).where(visit.c.id == odd)).one())
    assert row.review_state == graded["review_state"]
    deciders = [step["by"] for step in graded["steps"] if step["deed"] in ("accept", "reject")]
    assert len(deciders) == len(set(deciders)) <= 3
    assert "s4" not in deciders
    assert office.store.read(lambda look: look.records([Key("visit", odd)]))
