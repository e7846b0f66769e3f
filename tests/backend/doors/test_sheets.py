"""Tables as files come back as they went, and nothing in them is ever taken for a formula."""

from io import BytesIO
from zipfile import ZipFile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.web.sheets import DANGEROUS, WIDTH_MAX, Look, Sheet, _room_of, _width_of, write_csv, write_xlsx
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


def test_a_workbook_tells_percents_as_numbers_and_keeps_its_headings_in_sight():
    shown = Sheet(
        name="表", headings=["支行\norg", "完成率\nrate"], rows=[["福州", 0.855], ["合计", None]],
        looks=[Look.PLAIN, Look.PERCENT], totals=1, fixed=1,
    )  # fmt: skip
    book = write_xlsx([shown])
    assert read_xlsx(book) == [["支行\norg", "完成率\nrate"], ["福州", 0.855], ["合计"]]
    page, styles = part_of(book, "xl/worksheets/sheet1.xml"), part_of(book, "xl/styles.xml")
    assert 'topLeftCell="B2"' in page
    assert '<autoFilter ref="A1:B2"' in page  # the totals stay where they are, whatever is filtered
    assert 'formatCode="0.0%"' in styles


@pytest.mark.parametrize(("text", "room"), [("完成率", 6), ("rate", 4), ("完成率\nrate_owed", 9), ("", 0)])
def test_a_chinese_letter_takes_the_room_of_two(text, room):
    assert _room_of(text) == room


@given(tables)
def test_a_column_is_as_wide_as_its_longest_cell_within_bounds(rows):
    shown = sheet(rows)
    for place in range(3):
        longest = max((_room_of(str(row[place])) for row in rows), default=0)
        assert min(longest, WIDTH_MAX) <= _width_of(shown, place) <= WIDTH_MAX


def part_of(book, name):
    with ZipFile(BytesIO(book)) as parts:
        return parts.read(name).decode()
