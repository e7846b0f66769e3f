"""Canonical JSON is written by a quick encoder where that is exact, and by the slow one otherwise."""

import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st

from sync.parcels import unsigned
from sync.signing import canonical

floats = st.floats(allow_nan=False, allow_infinity=False) | st.floats(1e-4, 1e15) | st.floats(-180, 180).map(
    lambda number: round(number, 6)
)  # fmt: skip
integers = st.integers(-(2**53) + 1, 2**53 - 1)
texts = st.text(st.characters(exclude_categories=["Cs"]))
edges = st.sampled_from(["", "\x00", "\x1f\x7f", '"\\/\b\f\n\r\t', "\u2028", "\ue000", "\U00010000", "中文", "é"])
keys = texts | edges
values = st.recursive(
    st.none() | st.booleans() | integers | floats | texts | edges,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(keys, inner, max_size=6),
    max_leaves=25,
)


@settings(max_examples=1500)
@given(values)
def test_it_is_what_the_slow_encoder_writes(value):
    assert canonical(value) == rfc8785.dumps(value)


@settings(max_examples=500)
@given(floats)
def test_every_number_is_written_as_the_slow_encoder_writes_it(number):
    assert canonical([number, -number]) == rfc8785.dumps([number, -number])


def test_keys_are_sorted_by_utf_16_as_the_standard_wants():
    assert canonical({"\ue000": 1, "\U00010000": 2}) == '{"\U00010000":2,"\ue000":1}'.encode()


@pytest.mark.parametrize("value", [2**53, -(2**53), float("nan"), float("inf"), "\ud800", {"\ud800": 1}])
def test_what_json_cannot_carry_exactly_is_refused(value):
    with pytest.raises(ValueError):  # noqa: PT011  # both encoders have their own words
        canonical([value])


members = st.dictionaries(
    st.sampled_from(["n", "set", "id", "sih", "sj", "zz", '"sig"', ',"sig":"']), values, max_size=5
)


@given(members, st.text(max_size=20) | st.just('","sig":"'))
def test_what_a_signature_covers_is_the_object_without_it(body, sig):
    whole = canonical(body | {"sig": sig})
    assert unsigned(whole, body | {"sig": sig}, sig) == canonical(body)
