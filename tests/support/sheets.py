"""Reading back what was exported, with nothing of what wrote it."""

import csv
import re
from io import BytesIO, StringIO
from xml.etree import ElementTree
from zipfile import ZipFile

MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"

BUILT_IN = {"0": "General", "3": "#,##0", "4": "#,##0.00"}  # formats that every workbook has, by number


def read_csv(content: bytes) -> list[list[str]]:
    """Return the rows of a CSV file."""
    return list(csv.reader(StringIO(content.decode("utf-8-sig"))))


def read_xlsx(content: bytes, sheet: int = 1) -> list[list[str | float | None]]:
    """Return the rows of one sheet of a workbook. Raises AssertionError for a formula."""
    with ZipFile(BytesIO(content)) as book:
        texts = [_text(item) for item in _parse(book, "xl/sharedStrings.xml").iter(f"{MAIN}si")]
        page = _parse(book, f"xl/worksheets/sheet{sheet}.xml")
    rows = []
    for row in page.iter(f"{MAIN}row"):
        cells: dict[int, str | float] = {}
        for cell in row.iter(f"{MAIN}c"):
            assert cell.find(f"{MAIN}f") is None, "a formula"
            value = cell.findtext(f"{MAIN}v")
            if value is not None:
                cells[_column(cell.attrib["r"])] = texts[int(value)] if cell.get("t") == "s" else float(value)
        rows.append([cells.get(place) for place in range(max(cells, default=-1) + 1)])
    return rows


def read_looks(content: bytes, sheet: int = 1) -> tuple[str, list[str]]:
    """Return the first cell of a sheet that is not kept in sight, and how each cell of its first row is shown."""
    with ZipFile(BytesIO(content)) as book:
        page, styles = _parse(book, f"xl/worksheets/sheet{sheet}.xml"), _parse(book, "xl/styles.xml")
    named = {one.attrib["numFmtId"]: one.attrib["formatCode"] for one in styles.iter(f"{MAIN}numFmt")}
    formats = [one.attrib["numFmtId"] for one in styles.find(f"{MAIN}cellXfs") or ()]
    cells = list(page.iter(f"{MAIN}row"))[1].iter(f"{MAIN}c")
    looks = [formats[int(cell.get("s", "0"))] for cell in cells]
    pane = next(page.iter(f"{MAIN}pane"))
    return pane.attrib["topLeftCell"], [named[look] if look in named else BUILT_IN[look] for look in looks]


def _parse(book: ZipFile, name: str) -> ElementTree.Element:
    return ElementTree.fromstring(book.read(name))  # noqa: S314 - a file that this project wrote


def _text(item: ElementTree.Element) -> str:
    return "".join(part.text or "" for part in item.iter(f"{MAIN}t"))


def _column(reference: str) -> int:
    letters = re.sub(r"\d", "", reference)
    place = 0
    for letter in letters:
        place = place * 26 + ord(letter) - ord("A") + 1
    return place - 1
