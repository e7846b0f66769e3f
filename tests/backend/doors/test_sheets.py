"""Tables as files come back as they went, and nothing in them is ever taken for a formula."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.web.sheets import DANGEROUS, Sheet, write_csv, write_xlsx
from tests.support.sheets import read_csv, read_xlsx

texts = st.text(st.characters(exclude_categories=["C"]), max_size=30)
numbers = st.integers(-(10**9), 10**9)
tables = st.lists(
    st.tuples(texts, numbers, st.sampled_from(["=1+1", "@x", "-2", "+3", "\t=1", "正常", "＝1"])), max_size=5
)


def sheet(rows, headings=("名称", "数", "说明")):
    return Sheet(name="表", headings=headings, rows=rows)


@given(tables)
def test_a_workbook_comes_back_as_it_went(rows):
    found = read_xlsx(write_xlsx([sheet(rows)]))
    assert found[0] == ["名称", "数", "说明"]
    assert [[cell if cell is not None else "" for cell in row] for row in found[1:]] == [list(row) for row in rows]


@given(tables)
def test_no_text_of_a_csv_file_begins_like_a_formula(rows):
    found = read_csv(write_csv([sheet(rows)]))
    assert len(found) == len(rows) + 1
    for cells, row in zip(found[1:], rows, strict=True):
        assert not any(cells[place].startswith(DANGEROUS) for place in (0, 2))
        assert [cell.removeprefix("'") for cell in cells] == [str(cell).removeprefix("'") for cell in row]


@pytest.mark.parametrize("begin", DANGEROUS)
def test_every_beginning_of_a_formula_is_made_harmless(begin):
    (_, row) = read_csv(write_csv([sheet([(f"{begin}cmd", 1, None)], headings=("a", "b", "c"))]))
    assert row == [f"'{begin}cmd", "1", ""]


def test_a_negative_number_stays_a_number():
    assert read_csv(write_csv([sheet([("a", -5, -0.5)])]))[1] == ["a", "-5", "-0.5"]


def test_a_workbook_has_all_its_sheets():
    book = write_xlsx([sheet([("a", 1, None)]), Sheet(name="二", headings=["只"], rows=[["b"]])])
    assert read_xlsx(book, sheet=2) == [["只"], ["b"]]
