"""The outbox: numbers without gaps, the same bytes every time, nothing typed ever dropped."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.base import Problem
from contracts.clock import ClockEvidence
from contracts.policy import Op
from contracts.push import Mutation, Outcome, PushResponse
from sync.signing import canonical, hash_hex, new_key, verify, write_public_jwk
from sync.tablet.database import create_database
from sync.tablet.errors import MutationTooLarge
from sync.tablet.mutations import Intent, intent_of, write_evidence, write_mutation
from sync.tablet.outbox import Outbox

ID = "01970000-0000-7000-8000-000000000001"
AT = "2026-11-21T01:00:00.000Z"


def intent(**fields):
    usual: dict[str, Any] = {
        "kind": "form",
        "id": ID,
        "op": Op.PATCH,
        "set": {"phone": "1"},
        "made_at": ClockEvidence(wall=AT),
    }
    return Intent(**(usual | fields))


@pytest.fixture
def outbox():
    return Outbox(create_database(None, ID))


def fill(outbox, count):
    for n in range(1, count + 1):
        outbox.add(n, intent(set={"phone": str(n)}), write_mutation(intent(set={"phone": str(n)}), n), "M001")


def answer(ack_n, *outcomes):
    return PushResponse(ack_n=ack_n, outcomes=list(outcomes))


def applied(*numbers):
    return [Outcome(n=n, status="applied", version=1) for n in numbers]


def numbers(batch):
    return [n for n, _ in batch]


def test_a_batch_holds_the_oldest_within_the_limits(outbox):
    fill(outbox, 5)
    one = len(outbox.batch(1, 10**6)[0][1])
    assert numbers(outbox.batch(3, 10**6)) == [1, 2, 3]
    assert numbers(outbox.batch(10, 2 * one + 2)) == [1, 2]
    assert numbers(outbox.batch(10, 1)) == [1]


def test_a_retry_is_the_same_bytes(outbox):
    fill(outbox, 2)
    first = outbox.batch(10, 10**6)
    outbox.note_sent(first)
    assert outbox.batch(10, 10**6) == first


def test_an_outcome_above_the_acknowledged_number_is_not_believed(outbox):
    fill(outbox, 2)
    outbox.settle(answer(1, *applied(1, 2)), AT)
    assert numbers(outbox.batch(10, 10**6)) == [2]


def test_a_server_that_fell_back_gets_the_journal_again(outbox):
    fill(outbox, 4)
    outbox.settle(answer(4, *applied(1, 2, 3, 4)), AT)
    outbox.heed(2)
    assert numbers(outbox.batch(10, 10**6)) == [3, 4]


def test_a_server_that_is_ahead_moves_the_next_number(outbox):
    fill(outbox, 2)
    outbox.heed(9)
    assert outbox.next_n() == 10
    assert numbers(outbox.batch(10, 10**6)) == [1, 2]


def test_the_journal_forgets_what_is_old_and_keeps_what_waits_for_a_person(outbox):
    fill(outbox, 3)
    parked = Outcome(n=2, status="parked", parked=ID, problem=Problem(code="gone"))
    outbox.settle(answer(3, *applied(1), parked, *applied(3)), AT)
    outbox._database.execute("UPDATE install SET ack_n = 2")
    outbox.trim("2026-12-30T00:00:00.000Z")
    assert list(outbox.outcomes()) == [2, 3]
    assert [item.n for item in outbox.open_mutations()] == [2]


def test_a_mutation_that_no_server_takes_is_refused_at_once(outbox):
    big = intent(set={"remark": "x" * 70_000})
    with pytest.raises(MutationTooLarge):
        outbox.add(1, big, write_mutation(big, 1), "M001")


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.floats(-1e6, 1e6) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
KEY = new_key()


@given(st.dictionaries(texts.filter(bool), values, max_size=4))
def test_whatever_is_signed_verifies_as_it_arrives(content):
    wire, hashed = write_evidence(intent(op=Op.APPEND, set=content), 7, "ab" * 32, KEY)
    arrived = msgspec.json.decode(wire)
    sig = arrived.pop("sig")
    assert verify(write_public_jwk(KEY.public_key()), canonical(arrived), sig)
    assert hash_hex(canonical(arrived | {"sig": sig})) == hashed


def test_evidence_written_anew_has_the_same_content_and_a_new_link():
    wire, _ = write_evidence(intent(op=Op.APPEND), 7, "ab" * 32, KEY)
    again, _ = write_evidence(intent_of(msgspec.json.decode(wire, type=Mutation)), 9, "cd" * 32, KEY)
    before, after = (msgspec.json.decode(it, type=Mutation) for it in (wire, again))
    assert (after.n, after.set["prev"]) == (9, "cd" * 32)
    assert {**after.set, "prev": ""} == {**before.set, "prev": ""}
