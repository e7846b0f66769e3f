"""A month report as CSV and as a spreadsheet, its definitions beside the numbers."""

import csv
import io
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec
import xlsxwriter

from contracts.compliance import FigureItem, MonthReport, ObligationItem

CSV = "text/csv"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

FIGURES = FigureItem.__struct_fields__
PERCENT = frozenset({"rate", "rate_owed", "share_done"})
DUTY = ("org_id", "owner", "customer_id", "code", "period", "first", "last", "measured_fen", "required", "counted",
        "pending", "status", "workdays", "eligible_workdays", "rule_id", "calendar", "visits")  # fmt: skip
FORMULA = ("=", "+", "-", "@", "\t", "\r")  # a spreadsheet would take such a cell for one


def write_csv(report: MonthReport) -> bytes:
    """Return a report's rows and totals as CSV with a byte order mark, which Excel needs for Chinese."""
    out = io.StringIO(newline="")
    rows = csv.writer(out)
    rows.writerow(["month", "state", "revision", *FIGURES])
    for item in (*report.items, *report.total):
        told = [_harmless(getattr(item, name)) for name in FIGURES]
        rows.writerow([report.month, report.state, report.revision, *told])
    rows.writerow([])
    rows.writerows([name, text] for name, text in _about(report).items())
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def write_xlsx(reports: Sequence[MonthReport], obligations: Iterable[ObligationItem]) -> bytes:
    """Return a workbook: a sheet for each level, the duties that the numbers open to, and what they mean.

    Rows are written as they come; memory holds one row and the finished file.
    """
    with tempfile.TemporaryFile() as file:
        book = xlsxwriter.Workbook(file, {"constant_memory": True, "strings_to_formulas": False})
        bold, percent = book.add_format({"bold": True}), book.add_format({"num_format": "0.0%"})
        for report in reports:
            sheet = _sheet(book, report.level, FIGURES, bold)
            for at, item in enumerate((*report.items, *report.total), start=1):
                for column, name in enumerate(FIGURES):
                    _write(sheet, at, column, getattr(item, name), percent if name in PERCENT else None)
        sheet = _sheet(book, "duties", DUTY, bold)
        for at, duty in enumerate(obligations, start=1):
            told = msgspec.structs.asdict(duty) | {"visits": _visits(duty.visits)}
            for column, name in enumerate(DUTY):
                _write(sheet, at, column, told[name])
        sheet = _sheet(book, "definitions", ("figure", "meaning"), bold)
        for at, (name, text) in enumerate(_about(reports[0]).items(), start=1):
            _write(sheet, at, 0, name)
            _write(sheet, at, 1, text)
        book.close()
        file.seek(0)
        return file.read()


def _sheet(book: Any, name: str, heads: Sequence[str], bold: Any) -> Any:
    sheet = book.add_worksheet(name)
    sheet.freeze_panes(1, 0)
    sheet.set_column(0, len(heads) - 1, 14)
    for column, head in enumerate(heads):
        sheet.write_string(0, column, head, bold)
    return sheet


def _write(sheet: Any, row: int, column: int, value: Any, style: Any = None) -> None:
    if isinstance(value, int | float):
        sheet.write_number(row, column, value, style)
    elif value is not None:
        sheet.write_string(row, column, str(value), style)


def _about(report: MonthReport) -> Mapping[str, str]:
    calendar = report.calendar
    told = f"{calendar.workdays} working days by {calendar.version}"
    return {
        "month": f"{report.month} · {report.state} · revision {report.revision}",
        "calendar": f"{told} · {calendar.warning}" if calendar.warning else told,
        **report.definitions,
    }


def _visits(visits: Iterable[Mapping[str, Any]]) -> str:
    return "; ".join(f"{visit['day']} {visit['visitor']} {visit['verdict']}" for visit in visits)


def _harmless(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value
