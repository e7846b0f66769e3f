"""Tables as files: CSV that opens in any office program, and XLSX; no cell of either is ever taken for a formula."""

import csv
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from io import BytesIO, StringIO
from itertools import zip_longest
from typing import Any, Literal
from unicodedata import east_asian_width

import xlsxwriter
from litestar.response.base import ASGIResponse
from msgspec import Struct

Cell = str | int | float | bool | None
Format = Literal["json", "csv", "xlsx"]  # in which an answer may be asked for

BYTE_ORDER_MARK = "\ufeff"  # without it Excel takes UTF-8 for the machine's own code page
DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
PLAIN = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False, "in_memory": True}
SHEET_NAME_MAX = 31
WIDTH_MIN, WIDTH_MAX = 6, 60  # in characters; a Chinese one takes the room of two
MEASURED_ROWS_MAX = 1_000  # so many rows decide how wide a column is
LINE_POINTS = 16
PAPER_A4 = 9


class Look(StrEnum):
    """How a workbook shows the cells of a column; CSV tells the bare values."""

    PLAIN = ""
    PERCENT = "0.0%"
    MONEY = "#,##0.00"
    POINTS = "0.0"
    NUMBER = "#,##0"
    LONG = "wrapped"  # a text of many words


class Sheet(Struct, frozen=True, kw_only=True):
    """One table: its name, its headings, and its rows of as many cells.

    Of a workbook: `looks` of the first columns, how many rows at the end are `totals`, and how many columns at the
    beginning are `fixed`, so that they stay in sight. A heading may have several lines.
    """

    name: str
    headings: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    looks: Sequence[Look] = ()
    totals: int = 0
    fixed: int = 0


def write_csv(sheets: Sequence[Sheet]) -> bytes:
    """Return the first sheet as CSV (RFC 4180, UTF-8 with a byte order mark)."""
    text = StringIO()
    writer = csv.writer(text)
    writer.writerow([_harmless(heading) for heading in sheets[0].headings])
    writer.writerows([_harmless(cell) for cell in row] for row in sheets[0].rows)
    return (BYTE_ORDER_MARK + text.getvalue()).encode()


def write_xlsx(sheets: Sequence[Sheet]) -> bytes:
    """Return all sheets as a workbook, ready to be filtered and printed; texts are written as texts."""
    target = BytesIO()
    with xlsxwriter.Workbook(target, PLAIN) as book:
        for sheet in sheets:
            page = book.add_worksheet(sheet.name[:SHEET_NAME_MAX])
            _fill(book, page, sheet)
            _set_up_page(page, sheet)
    return target.getvalue()


def _fill(book: Any, page: Any, sheet: Sheet) -> None:
    head = book.add_format({"bold": True, "text_wrap": True, "valign": "top", "bg_color": "#DDE5EE", "bottom": 1})
    first_total = len(sheet.rows) - sheet.totals
    for place, (heading, look) in enumerate(zip_longest(sheet.headings, sheet.looks, fillvalue=Look.PLAIN)):
        page.write_string(0, place, heading, head)
        page.set_column(place, place, _width_of(sheet, place))
        body, total = book.add_format(_style(look)), book.add_format(_style(look) | {"bold": True, "top": 1})
        for number, row in enumerate(sheet.rows):
            page.write(number + 1, place, row[place], total if number >= first_total else body)


def _style(look: str) -> dict[str, Any]:
    match look:
        case Look.PLAIN:
            return {"valign": "top"}
        case Look.LONG:
            return {"valign": "top", "text_wrap": True}
        case number_format:
            return {"valign": "top", "num_format": str(number_format)}


def _set_up_page(page: Any, sheet: Sheet) -> None:
    """Keep the headings in sight and on every printed sheet, and let rows be filtered without the totals."""
    page.freeze_panes(1, sheet.fixed)
    page.set_row(0, LINE_POINTS * max(heading.count("\n") + 1 for heading in sheet.headings))
    if len(sheet.rows) > sheet.totals:
        page.autofilter(0, 0, len(sheet.rows) - sheet.totals, len(sheet.headings) - 1)
    page.set_landscape()
    page.set_paper(PAPER_A4)
    page.fit_to_pages(1, 0)
    page.repeat_rows(0)
    page.set_footer("&L&A&R&P / &N")


def _width_of(sheet: Sheet, place: int) -> int:
    """Return how wide a column must be for its heading and its cells, within bounds."""
    heading = _room_of(sheet.headings[place]) + 2  # for the filter's button
    cells = (_room_of(_shown(row[place], sheet, place)) for row in sheet.rows[:MEASURED_ROWS_MAX])
    return min(max(WIDTH_MIN, heading, *cells) + 1, WIDTH_MAX)


def _shown(cell: Cell, sheet: Sheet, place: int) -> str:
    look = sheet.looks[place] if place < len(sheet.looks) else Look.PLAIN
    if look is Look.PERCENT:
        return "100.0%"
    if look in (Look.MONEY, Look.NUMBER) and cell is not None:
        return f"{cell:,.{2 if look is Look.MONEY else 0}f}"
    return str(cell or "")


def _room_of(text: str) -> int:
    """Return how many columns of a fixed-width letter the longest line of a text takes."""
    return max(sum(2 if east_asian_width(one) in "WF" else 1 for one in line) for line in text.split("\n"))


XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
WRITERS: Mapping[str, tuple[str, Callable[[Sequence[Sheet]], bytes]]] = {
    "csv": ("text/csv; charset=utf-8", write_csv),
    "xlsx": (XLSX, write_xlsx),
}


def export(file_name: str, format: str, sheets: Sequence[Sheet]) -> ASGIResponse:
    """Return sheets as a file to save, `format` being csv (the first of them) or xlsx; the name is ASCII."""
    media_type, write = WRITERS[format]
    said = {"Content-Disposition": f'attachment; filename="{file_name}.{format}"', "Cache-Control": "no-store"}
    return ASGIResponse(body=write(sheets), media_type=media_type, headers=said)


def _harmless(cell: Cell) -> Cell:
    """Return a cell that no office program takes for a formula: a text that looks like one gets an apostrophe."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(DANGEROUS) else cell
