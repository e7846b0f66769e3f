"""Scores as tables for a file: a sheet of each level with what every score is made of, and what it all means."""

from collections.abc import Mapping, Sequence

from backend.sync_api.duty.scoring import COMPONENTS, DEFINITIONS
from backend.sync_api.duty.sheets import NAMES, TOTAL
from backend.web.sheets import Cell, Look, Sheet
from contracts.score import ScoreItem, ScoreReport

COUNTS = ("visits", "A", "B", "C", "D", "accepted", "rejected", "undecided")
HEADINGS: Mapping[str, str] = {
    "org_id": "机构号", "org_name": "机构", "person": "客户经理", "score": "综合得分", "visits": "走访次数",
    "A": "A 级", "B": "B 级", "C": "C 级", "D": "D 级", "accepted": "复核通过", "rejected": "复核退回",
    "undecided": "待复核",
}  # fmt: skip
VALUE_DIGITS = 4


def csv_sheets(report: ScoreReport) -> list[Sheet]:
    """Return one table under the words of the API: rows, the total, and below them what the columns mean."""
    measures = [f"{name}{end}" for name in COMPONENTS for end in ("", "_of", "_points")]
    headings = ("org_id", "org_name", "person", "score", *measures, *COUNTS)
    rows = [[item.org_id, item.org_name, item.person, *_measured(item)] for item in report.items]
    total = [report.total.org_id, report.total.org_name, "total", *_measured(report.total)]
    blank: list[Cell] = [None] * len(headings)
    about = [[name, text, *blank[2:]] for name, text in _about(report).items()]
    return [Sheet(name=report.level, headings=headings, rows=[*rows, total, blank, *about])]


def xlsx_sheets(reports: Sequence[ScoreReport]) -> list[Sheet]:
    """Return a table for each level, and what the scores are made of."""
    about = [list(one) for one in _about(reports[0]).items()]
    headings, looks = ("指标\nfigure", "含义\nmeaning"), (Look.PLAIN, Look.LONG)
    return [*map(_booked, reports), Sheet(name="说明 definitions", headings=headings, rows=about, looks=looks)]


def _booked(report: ScoreReport) -> Sheet:
    """Return the scores of one level; only that of managers names them."""
    is_named = report.level == "manager"
    who = ("org_id", "org_name", "person") if is_named else ("org_id", "org_name")
    measures = [heading for name in COMPONENTS for heading in _headings(name)]
    rows = [[*_who(item, is_named), *_measured(item)] for item in report.items]
    total: list[Cell] = [TOTAL, *_who(report.total, is_named)[1:], *_measured(report.total)]
    return Sheet(
        name=NAMES[report.level], rows=[*rows, total], totals=1, fixed=len(who) + 1,
        headings=[*(f"{HEADINGS[name]}\n{name}" for name in (*who, "score")), *measures,
                  *(f"{HEADINGS[name]}\n{name}" for name in COUNTS)],
        looks=[*(Look.PLAIN for _ in who), Look.POINTS, *(Look.PERCENT, Look.PLAIN, Look.POINTS) * len(COMPONENTS)],
    )  # fmt: skip


def _headings(name: str) -> tuple[str, str, str]:
    chinese = DEFINITIONS[name].partition(" · ")[0]
    return f"{chinese}\n{name}", f"{chinese}·基数\n{name}_of", f"{chinese}·得分\n{name}_points"


def _who(item: ScoreItem, is_named: bool) -> list[Cell]:
    return [item.org_id, item.org_name, *((item.person,) if is_named else ())]


def _measured(item: ScoreItem) -> list[Cell]:
    measures = [
        cell
        for part in item.components
        for cell in (None if part.value is None else round(part.value, VALUE_DIGITS), part.denominator, part.points)
    ]
    return [item.score, *measures, item.visits, *item.grades.values(), item.accepted, item.rejected, item.undecided]


def _about(report: ScoreReport) -> Mapping[str, str]:
    weights = ", ".join(f"{name} {weight}" for name, weight in report.weights.items())
    return {"month": f"{report.month} · {report.state} · revision {report.revision}", "weights": weights,
            **report.definitions}  # fmt: skip
