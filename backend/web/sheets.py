"""Tables as files: CSV that opens in any office program, and XLSX; no cell of either is ever taken for a formula."""

import csv
from collections.abc import Callable, Mapping, Sequence
from io import BytesIO, StringIO

import xlsxwriter
from litestar.response.base import ASGIResponse
from msgspec import Struct

Cell = str | int | float | bool | None

BYTE_ORDER_MARK = "\ufeff"  # without it Excel takes UTF-8 for the machine's own code page
DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
PLAIN = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False, "in_memory": True}
SHEET_NAME_MAX = 31
WIDTH_MAX = 60


class Sheet(Struct, frozen=True, kw_only=True):
    """One table: its name, its headings, and its rows of as many cells."""

    name: str
    headings: Sequence[str]
    rows: Sequence[Sequence[Cell]]


def write_csv(sheets: Sequence[Sheet]) -> bytes:
    """Return the first sheet as CSV (RFC 4180, UTF-8 with a byte order mark)."""
    text = StringIO()
    writer = csv.writer(text)
    writer.writerow([_harmless(heading) for heading in sheets[0].headings])
    writer.writerows([_harmless(cell) for cell in row] for row in sheets[0].rows)
    return (BYTE_ORDER_MARK + text.getvalue()).encode()


def write_xlsx(sheets: Sequence[Sheet]) -> bytes:
    """Return all sheets as a workbook; texts are written as texts, so they need no mark."""
    target = BytesIO()
    with xlsxwriter.Workbook(target, PLAIN) as book:
        bold = book.add_format({"bold": True})
        for sheet in sheets:
            page = book.add_worksheet(sheet.name[:SHEET_NAME_MAX])
            page.freeze_panes(1, 0)
            for place, heading in enumerate(sheet.headings):
                page.write_string(0, place, heading, bold)
                page.set_column(place, place, min(2 * len(heading) + 2, WIDTH_MAX))
            for number, row in enumerate(sheet.rows, start=1):
                for place, cell in enumerate(row):
                    page.write(number, place, cell)
    return target.getvalue()


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
