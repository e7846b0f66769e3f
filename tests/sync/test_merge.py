"""The laws of merging (I11): what each policy promises, whatever the values."""

from typing import Annotated, Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Meta

from contracts.policy import Merge, Op, Record
from sync.kind import Kind
from sync.merge import SETTLE, get_path, is_same, merge_fields, set_paths, spread


class Sheet(Record, frozen=True, kw_only=True):
    """One field of each policy."""

    kind: ClassVar[str] = "sheet"
    ops: ClassVar[frozenset[Op]] = frozenset({Op.CREATE, Op.PATCH})

    server: Annotated[str, Merge.SERVER] = ""
    mine: Annotated[str, Merge.MINE] = ""
    latest: Annotated[str, Merge.LATEST_PUSH] = ""
    ask: Annotated[str, Merge.ASK] = ""
    escalate: Annotated[str, Merge.ESCALATE] = ""
    highest: Annotated[int | None, Merge.MAX] = None
    lowest: Annotated[int | None, Merge.MIN] = None
    union: Annotated[frozenset[str], Merge.UNION] = frozenset()
    append: Annotated[str, Merge.APPEND, Meta(max_length=500)] = ""
    values: Annotated[dict[str, int], Merge.ESCALATE] = {}


SHEET = Kind(Sheet, lambda _body: frozenset({"catalog"}))
words = st.text("abc ", max_size=4)
counts = st.none() | st.integers(-9, 9)
sets = st.lists(st.sampled_from("abcd"), unique=True).map(sorted)
fields: dict[str, st.SearchStrategy[Any]] = {
    **dict.fromkeys(["server", "mine", "latest", "ask", "escalate", "append"], words),
    "highest": counts,
    "lowest": counts,
    "union": sets,
    "values": st.dictionaries(st.sampled_from("xyz"), st.integers(0, 3)),
}
bodies = st.fixed_dictionaries(fields)
changes = st.fixed_dictionaries({}, optional=fields)
versions = st.dictionaries(st.sampled_from([*fields, "values.x"]), st.integers(1, 9))


def merge(current, mine, base=None, versions=None, base_version=0):
    return merge_fields(
        SHEET, current, versions or {}, base_version=base_version, base=base or {}, mine=spread(mine, SHEET)
    )


def after(current, mine, base):
    return set_paths(current, merge(current, mine, base).taken)


@given(bodies, changes, changes, versions, st.integers(0, 9))
def test_every_changed_field_is_taken_or_explained_or_already_so(current, mine, base, versions, base_version):
    merged = merge(current, mine, base, versions, base_version)
    explained = {one.field for one in merged.explained}
    for path, value in spread(mine, SHEET).items():
        is_so = get_path(current, path) == (sorted(value) if path == "union" else value)
        asks_nothing = path.partition(".")[0] in base and is_same(SHEET, path, get_path(base, path), value)
        assert (path in merged.taken or path in explained) != (is_so or asks_nothing)
    assert merged.taken.keys() | explained <= spread(mine, SHEET).keys()


@given(bodies, changes, changes)
def test_nothing_but_what_was_touched_changes(current, mine, base):
    merged = after(current, mine, base)
    assert {name: merged[name] for name in merged.keys() - mine.keys()} == {
        name: current[name] for name in current.keys() - mine.keys()
    }


@given(bodies, changes)
def test_what_nobody_else_changed_is_taken(current, mine):
    merged = merge(current, mine, base=current)
    assert not merged.explained
    wanted = set_paths(current, spread(mine, SHEET))
    assert set_paths(current, merged.taken) == wanted


@given(bodies, changes, versions)
def test_a_base_version_that_is_the_newest_needs_no_base(current, mine, versions):
    merged = merge(current, mine, base=None, versions=versions, base_version=max(versions.values(), default=1))
    assert not merged.explained


@given(bodies, st.data())
def test_changes_of_different_fields_commute_and_are_all_taken(base, data):
    names = data.draw(st.permutations(list(fields)))
    first, second = ({name: data.draw(fields[name]) for name in part} for part in (names[:5], names[5:]))
    there = after(after(base, first, base), second, base)
    back = after(after(base, second, base), first, base)
    assert there == back == set_paths(base, spread({**first, **second}, SHEET))


@pytest.mark.parametrize("name", ["highest", "lowest", "union"])
@given(data=st.data())
def test_max_min_and_union_reach_the_same_value_in_every_order(name, data):
    base: Any = {"highest": None, "lowest": None, "union": []}[name]
    asked = data.draw(st.lists(fields[name].filter(lambda value: value is not None), min_size=2, max_size=4))
    ends = set()
    for order in (asked, asked[::-1], sorted(asked, key=str)):
        body = {name: base}
        for value in order:
            body = after(body, {name: value}, {name: base})
        ends.add(str(body))
    assert len(ends) == 1


@pytest.mark.parametrize("policy", [Merge.MAX, Merge.MIN, Merge.UNION])
@given(data=st.data())
def test_max_min_and_union_are_associative_commutative_and_idempotent(policy, data):
    strategy = sets if policy is Merge.UNION else counts
    a, b, c = (data.draw(strategy) for _ in range(3))
    join = lambda left, right: SETTLE[policy](left, right, None)[1]  # noqa: E731  # reads like the law it states
    assert join(join(a, b), c) == join(a, join(b, c))
    assert join(a, b) == join(b, a)
    assert join(a, a) == a


@given(words, words, words)
def test_append_keeps_what_both_wrote_and_says_nothing_twice(base, theirs, mine):
    stands = SETTLE[Merge.APPEND](base + theirs, base + mine, base)[1]
    assert stands.startswith((base + theirs).rstrip())
    assert mine.strip() in stands


@given(words, words)
def test_append_to_rows_keeps_each_row_once(left, right):
    theirs, mine = [{"id": letter} for letter in left], [{"id": letter} for letter in right]
    stands = SETTLE[Merge.APPEND](theirs, mine, None)[1]
    assert stands[: len(theirs)] == theirs
    assert {row["id"] for row in stands} == {*left, *right}


@pytest.mark.parametrize(("name", "who"), [("ask", Merge.ASK), ("escalate", Merge.ESCALATE)])
def test_ask_and_escalate_keep_the_servers_value_and_wait_for_a_person(name, who):
    merged = merge({name: "theirs"}, {name: "mine"}, {name: "base"})
    assert (dict(merged.taken), merged.disputed) == ({}, {name: who})
    assert [(one.kept, one.mine, one.theirs) for one in merged.explained] == [("server", "mine", "theirs")]


def test_a_map_that_the_server_rewrote_as_a_whole_counts_as_a_change_of_each_of_its_keys():
    current = {"values": {"x": 2}}
    merged = merge(current, {"values": {"x": 3}}, {"values": {"x": 1}}, versions={"values": 5}, base_version=4)
    assert merged.disputed == {"values.x": Merge.ESCALATE}


def test_keys_of_a_map_do_not_conflict_with_one_another():
    merged = merge({"values": {"x": 1, "y": 9}}, {"values.x": 2}, {"values.x": 1})
    assert (dict(merged.taken), merged.explained) == ({"values.x": 2}, [])


def test_a_key_set_to_null_leaves_its_map():
    assert set_paths({"values": {"x": 1, "y": 2}}, {"values.x": None}) == {"values": {"y": 2}}


def test_a_value_that_the_tablet_saw_asks_for_nothing():
    merged = merge({"latest": "theirs"}, {"latest": "seen"}, {"latest": "seen"}, {"latest": 2})
    assert (merged.taken, merged.explained) == ({}, [])
