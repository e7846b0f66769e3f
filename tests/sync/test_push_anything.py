"""Whatever a tablet says under a number gets an outcome that is remembered; nothing stops the mutations behind it."""

from typing import Any

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from contracts.push import MUTATION_BYTES_MAX, STATUSES
from sync.errors import Malformed
from tests.sync.bank import Bank

ID = "0197a3c0-0000-7000-8000-000000000001"
OTHER = "0197a3c0-0000-7000-8000-000000000002"

words = st.sampled_from(
    [
        "",
        "a",
        ID,
        OTHER,
        "draft",
        "waiting",
        "called",
        "3501",
        "A",
        "2026-11-21",
        "9999-99-99",
        "\x00",
        "x" * 300,
        "values",
    ]
)
numbers = st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False) | st.sampled_from([0, 1, 7])
leaves = st.none() | st.booleans() | numbers | words | st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
FIELDS = [
    "branch_id", "template_id", "state", "phone", "tags", "remark", "values", "values.a", "values.a.b", "copies",
    "extra", "extra.x", "customer_id", "purpose", "content", "prev", "check_in", "author", "flags", "series",
    "business_date",
    "number", "issued_at", "overflow", "from", "to", "facts", "title", "assignee", "due_on", "org_id", "unheard_of", "",
]  # fmt: skip
names = st.sampled_from(FIELDS) | words
values = st.recursive(leaves, lambda v: st.lists(v, max_size=3) | st.dictionaries(names, v, max_size=3), max_leaves=8)
bodies = st.dictionaries(names, values, max_size=6)
clocks = st.fixed_dictionaries({"wall": words | st.sampled_from(["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59Z"])})
mutations = st.fixed_dictionaries(
    {
        "kind": st.sampled_from(["ticket", "form", "visit", "customer", "task", "request", "review", "nope"]) | values,
        "id": st.sampled_from([ID, OTHER]) | values,
        "op": st.sampled_from(["create", "patch", "transition", "append", "propose", "delete", "zap"]) | values,
        "made_at": clocks | values,
        "set": bodies | values,
    },
    optional={
        "base": bodies | values,
        "base_version": numbers,
        "sig": words | values,
        "reason": values,
        "more": values,
    },
)


def bank_with_records() -> Bank:
    bank = Bank()
    bank.put("form", {"branch_id": "3501", "template_id": ID, "state": "draft", "values": {"a": 1}}, ID)
    bank.put("task", {"title": "t", "org_id": "3501", "assignee": "s-1"}, ID)
    bank.put("ticket", ticket(), ID)
    return bank


def ticket() -> dict[str, Any]:
    line = {"branch_id": "3501", "series": "A", "business_date": "2026-11-21"}
    return {**line, "number": 7, "issued_at": "x", "state": "waiting"}


@settings(max_examples=200)
@given(st.lists(mutations, min_size=1, max_size=4), st.sampled_from([1, 2]), st.booleans())
@example([{"kind": "NOPE!", "id": "x", "op": "create", "made_at": {}, "set": {}}], 1, False)
@example([{"kind": "nope", "id": ID, "op": "create", "made_at": {"wall": ""}, "set": {}}], 1, False)
@example(
    [{"kind": "form", "id": ID, "op": "patch", "made_at": {"wall": ""}, "set": {"values": "x", "values.a": 1}}],
    1,
    False,
)
@example(
    [{"kind": "visit", "id": ID, "op": "append", "made_at": {"wall": ""}, "set": {"customer_id": [], "prev": {}}}],
    1,
    True,
)
@example(
    [{"kind": "task", "id": OTHER, "op": "create", "made_at": {"wall": ""}, "set": {"customer_id": "\x00"}}], 1, False
)
def test_any_mutation_gets_an_outcome_that_a_retry_gets_again(told, schema, is_signed):
    bank = bank_with_records()
    pad = bank.pad(schema=schema)
    numbered = [{**one, "n": n} for n, one in enumerate(told, start=1)]
    if is_signed:
        numbered = [signed(pad, one) for one in numbered]
    answer = pad.push_raw(*numbered)
    assert answer.ack_n == len(told)
    assert [outcome.n for outcome in answer.outcomes] == list(range(1, len(told) + 1))
    assert {outcome.status for outcome in answer.outcomes} <= set(STATUSES)
    assert pad.push_raw(*numbered) == answer
    for outcome in answer.outcomes:
        if outcome.status == "parked":
            assert outcome.problem is not None
            assert bank.find("review", outcome.parked or "") is not None


def signed(pad: Any, mutation: dict[str, Any]) -> dict[str, Any]:
    try:
        return dict(pad.sign({name: value for name, value in mutation.items() if name != "sig"}))
    except ValueError:  # a number that canonical JSON cannot carry
        return mutation


UNREADABLE = {
    "a number beyond all floats": b'{"n":1,"kind":"form","x":1e999}',
    "text that is not UTF-8": b'{"n":1,"kind":"form","x":"\xff"}',
    "nested too deep to read on": b'{"n":1,"kind":"form","set":' + b'{"a":' * 60 + b"1" + b"}" * 61,
    "not a mutation at all": b'{"n":1}',
}


@pytest.mark.parametrize("raw", UNREADABLE.values(), ids=UNREADABLE)
def test_one_that_cannot_be_read_parks_alone(raw):
    bank = Bank()
    pad = bank.pad()
    pad.n = 1
    first, second = pad.push(raw, pad.ticket())
    assert (first.status, second.status) == ("parked", "applied")
    (review,) = bank.reviews(n=1)
    assert review["mutation"]["kind" if "kind" in review["mutation"] else "n" if raw == b'{"n":1}' else "raw"]


def test_what_is_larger_than_hello_allows_parks_whole_and_its_dependants_wait_for_it():
    bank = Bank()
    pad = bank.pad()
    large = pad.form(remark="x" * MUTATION_BYTES_MAX)
    parked, dependant = pad.push(large, pad.patch(large["id"], base={}, phone="1"))
    assert (parked.problem and parked.problem.code) == "quota"
    assert (dependant.problem and dependant.problem.args["parked"]) == parked.parked
    assert bank.reviews(n=1)[0]["mutation"] == large


@pytest.mark.parametrize(
    "raw", [b"1", b"null", b"{}", b'{"n":0}', b'{"n":"1"}', b'{"n":1.5}', b'{"n":9007199254740992}']
)
def test_without_a_number_there_is_nothing_to_settle(raw):
    with pytest.raises(Malformed):
        Bank().pad().push(raw)


def test_a_retry_in_another_order_of_keys_is_the_same_mutation():
    bank = Bank()
    pad = bank.pad()
    said = pad.form(phone="1")
    first = pad.push(said)
    assert pad.push(dict(reversed(said.items()))) == first
    assert pad.push(msgspec.json.format(msgspec.json.encode(said), indent=2)) == first
