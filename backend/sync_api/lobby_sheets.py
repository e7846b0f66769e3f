"""The day in figures as tables to save: bare for a program (CSV), ready to be read and printed for people (XLSX)."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from litestar.response.base import ASGIResponse

from backend.domain.tickets.rules.meaning import ALL, IN_ENGLISH, MEANINGS, OTHERS, PARTS
from backend.web.bodies import answer_with
from backend.web.sheets import Cell, Look, Sheet, export
from contracts.lobby import DayAnswer, DayFigures

KEYS = tuple(key for key, _, _ in MEANINGS)
SHARES = frozenset({"service_level", "abandonment", "occupancy", "recall_rate", "prefill_rate", "coverage"})
UNEVEN = "saved_min"  # a template may save half a minute
LOOKS = (
    Look.PLAIN,
    *(Look.PERCENT if key in SHARES else Look.PLAIN if key == UNEVEN else Look.NUMBER for key in KEYS),
)
HOUR = "hour"


def csv_sheets(days: Sequence[DayAnswer]) -> list[Sheet]:
    """Return the figures of each part, their sum last, as the API tells them."""
    day = days[0]
    headings = [PARTS[day.by], *(title for _, title, _ in MEANINGS)]
    rows = [_row(row.key or OTHERS, row) for row in day.rows]
    return [Sheet(name=day.by, headings=headings, rows=[*rows, _row(ALL, day.total)])]


def ways_of(first: str) -> list[str]:
    """Return every way of cutting a day, in the order of a workbook's sheets: the one that was asked for first."""
    return [first, *(by for by in PARTS if by != first)]


def xlsx_sheets(days: Sequence[DayAnswer]) -> list[Sheet]:
    """Return a sheet for each way that the day is cut, and one that tells what they are of and what they mean."""
    return [*map(_figures, days), _meanings(days[0])]


def _figures(day: DayAnswer) -> Sheet:
    headings = [f"{PARTS[day.by]}\n{day.by}", *(f"{title}\n{key}" for key, title, _ in MEANINGS)]
    rows = [_row(_name_of(day.by, row.key), row) for row in day.rows]
    total = _row(f"{ALL} total", day.total)
    return Sheet(
        name=f"{PARTS[day.by]} {day.by}", headings=headings, rows=[*rows, total], looks=LOOKS, totals=1, fixed=1
    )  # fmt: skip


def _meanings(day: DayAnswer) -> Sheet:
    facts: Mapping[str, tuple[str, Cell]] = {
        "org_id": ("机构", day.org_id), "business_date": ("营业日", day.business_date),
        "as_of": ("统计时刻", day.as_of), "branches": ("网点数", day.branches),
    }  # fmt: skip
    rows: list[list[Cell]] = [[key, title, value, None] for key, (title, value) in facts.items()]
    target = f"{day.target_s / 60:g}"
    rows += [[one.key, one.title, one.meaning, IN_ENGLISH[one.key].format(target=target)] for one in day.definitions]
    headings = ("指标\nfigure", "名称\nname", "含义\nin Chinese", "含义\nin English")
    return Sheet(
        name="说明 definitions", headings=headings, rows=rows, looks=(Look.PLAIN, Look.PLAIN, Look.LONG, Look.LONG)
    )  # fmt: skip


def _name_of(by: str, key: str) -> str:
    if not key:
        return f"{OTHERS} other"
    return f"{key}:00" if by == HOUR else key


def _row(name: str, figures: DayFigures) -> list[Cell]:
    return [name, *(getattr(figures, key) for key in KEYS)]


def _file(
    format: str, sheets_of: Callable[[Sequence[DayAnswer]], list[Sheet]], days: Sequence[DayAnswer]
) -> ASGIResponse:
    day = days[0]
    return export(f"lobby-{day.org_id}-{day.business_date}-{day.by}", format, sheets_of(days))


def _json(days: Sequence[DayAnswer]) -> ASGIResponse:
    return answer_with(days[0])


FORMATS: Mapping[str, Callable[[Sequence[DayAnswer]], ASGIResponse]] = {
    "json": _json,
    "csv": partial(_file, "csv", csv_sheets),
    "xlsx": partial(_file, "xlsx", xlsx_sheets),
}
