"""The printout: columns that stand below each other although a Chinese character takes two."""

from hypothesis import given
from hypothesis import strategies as st

from backend.demo.day.tale import align, width

cells = st.text(st.sampled_from("ab1支行 農"), max_size=6)


@given(st.lists(st.tuples(cells, cells, cells), min_size=1, max_size=5))
def test_rows_end_in_one_column(rows):
    assert len({width(line) for line in align(rows)}) == 1


def test_names_stand_to_the_left_and_figures_to_the_right():
    assert align([("甘蔗", 7), ("all", 100)]) == ["甘蔗    7", "all   100"]
