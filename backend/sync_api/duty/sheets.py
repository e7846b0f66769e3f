"""A month report as tables for a file: figures, the duties that they open to, and what every figure means."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from backend.web.sheets import Cell, Sheet
from contracts.compliance import FigureItem, MonthReport, ObligationItem

FIGURES = FigureItem.__struct_fields__
DUTY = ("org_id", "owner", "customer_id", "code", "period", "first", "last", "measured_fen", "required", "counted",
        "pending", "status", "workdays", "eligible_workdays", "rule_id", "calendar", "visits")  # fmt: skip


def csv_sheets(report: MonthReport) -> list[Sheet]:
    """Return one table: rows, totals, and below them what the columns mean."""
    figures = _figures(report)
    blank: list[Cell] = [None] * len(FIGURES)
    about = [[name, text, *blank[2:]] for name, text in _about(report).items()]
    return [Sheet(name=report.level, headings=FIGURES, rows=[*figures.rows, blank, *about])]


def xlsx_sheets(reports: Sequence[MonthReport], duties: Sequence[ObligationItem], left_out: int) -> list[Sheet]:
    """Return a table for each level, the duties behind them, and what the figures mean."""
    about = dict(_about(reports[0]))
    if left_out:
        about["duties sheet"] = f"holds the first {len(duties)} duties; {left_out} more by /obligations"
    return [
        *map(_figures, reports),
        Sheet(name="duties", headings=DUTY, rows=[_duty(duty) for duty in duties]),
        Sheet(name="definitions", headings=("figure", "meaning"), rows=[*map(list, about.items())]),
    ]


def _figures(report: MonthReport) -> Sheet:
    rows = [[getattr(item, name) for name in FIGURES] for item in (*report.items, *report.total)]
    return Sheet(name=report.level, headings=FIGURES, rows=rows)


def _duty(duty: ObligationItem) -> list[Cell]:
    told = msgspec.structs.asdict(duty) | {"visits": _visits(duty.visits)}
    return [told[name] for name in DUTY]


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
