"""A month report as tables for a file: figures, the duties that they open to, and what every figure means."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from backend.sync_api.duty.words import CHINESE_MEANINGS, DUTY_MEANINGS, HEADINGS, STATUSES, VERDICTS
from backend.web.sheets import Cell, Look, Sheet
from contracts.compliance import FigureItem, Level, MonthReport, ObligationItem

FIGURES = FigureItem.__struct_fields__
FEN = 100  # of a yuan

# A workbook's columns, in the order in which a banker asks: how much was done, what is missing, whose it is.
BOOKED = ("org_id", "org_name", "owner", "code", "duties", "done", "share_done", "required", "fulfilled", "rate",
          "pending_review", "at_risk", "short", "exempt", "owed", "paid", "rate_owed", "credited",
          "unconfirmed")  # fmt: skip
DUTY = ("org_id", "owner", "customer_id", "code", "period", "measured_yuan", "required", "counted", "pending", "status",
        "eligible_workdays", "workdays", "shares", "visits", "first", "last", "calendar", "rule_id")  # fmt: skip
LOOKS = {"rate": Look.PERCENT, "rate_owed": Look.PERCENT, "share_done": Look.PERCENT, "measured_yuan": Look.MONEY,
         "visits": Look.LONG, "shares": Look.LONG}  # fmt: skip
NAMES: Mapping[Level, str] = {"bank": "法人行 bank", "branch": "支行 branch", "manager": "客户经理 manager"}
TOTAL = "合计 total"
NOBODY = "无客户经理 nobody"  # owed by nobody: days on which the customer had no manager


def csv_sheets(report: MonthReport) -> list[Sheet]:
    """Return one table under the words of the API: rows, totals, and below them what the columns mean."""
    rows = [[getattr(item, name) for name in FIGURES] for item in (*report.items, *report.total)]
    blank: list[Cell] = [None] * len(FIGURES)
    about = [[name, text, *blank[2:]] for name, text in _about(report).items()]
    return [Sheet(name=report.level, headings=FIGURES, rows=[*rows, blank, *about])]


def xlsx_sheets(reports: Sequence[MonthReport], duties: Sequence[ObligationItem], left_out: int) -> list[Sheet]:
    """Return a table for each level, the duties behind them, and what the figures mean."""
    return [*map(_booked, reports), _duties(duties), _meanings(reports[0], len(duties), left_out)]


def _booked(report: MonthReport) -> Sheet:
    """Return the figures of one level; only that of managers names them."""
    columns = [name for name in BOOKED if name != "owner" or report.level == "manager"]
    rows = [[_of_row(item, name) for name in columns] for item in report.items]
    totals = [[_of_total(item, name) for name in columns] for item in report.total]
    return Sheet(
        name=NAMES[report.level], headings=_headings(columns), rows=[*rows, *totals], looks=_looks(columns),
        totals=len(totals), fixed=columns.index("code"),
    )  # fmt: skip


def _of_row(item: FigureItem, name: str) -> Cell:
    cell: Cell = NOBODY if name == "owner" and not item.owner else getattr(item, name)
    return cell


def _of_total(item: FigureItem, name: str) -> Cell:
    cell: Cell = TOTAL if name == "org_id" else getattr(item, name)
    return cell


def _duties(duties: Iterable[ObligationItem]) -> Sheet:
    ordered = sorted(duties, key=lambda duty: (duty.org_id, duty.owner, duty.status, duty.customer_id, duty.period))
    rows = [[_of_duty(duty, name) for name in DUTY] for duty in ordered]
    return Sheet(name="走访责任 duties", headings=_headings(DUTY), rows=rows, looks=_looks(DUTY), fixed=3)


def _of_duty(duty: ObligationItem, name: str) -> Cell:
    match name:
        case "measured_yuan":
            return duty.measured_fen / FEN
        case "status":
            return f"{STATUSES[duty.status][0]} {duty.status}"
        case "owner":
            return duty.owner or NOBODY
        case "shares":
            return _shares(duty.shares)
        case "visits":
            return _visits(duty.visits)
    cell: Cell = getattr(duty, name)
    return cell


def _meanings(report: MonthReport, shown: int, left_out: int) -> Sheet:
    """Return what the workbook is of, and what its columns and words mean."""
    rows: list[list[Cell]] = [[name, None, None, text] for name, text in _facts(report).items()]
    if left_out:
        rows.append(["duties", None, None, f"the sheet holds the first {shown}; {left_out} more by /obligations"])
    meanings = {name: text.partition(" · ")[2] or text for name, text in report.definitions.items()}
    rows += [
        [name, HEADINGS[name], CHINESE_MEANINGS[name], text] for name, text in {**meanings, **DUTY_MEANINGS}.items()
    ]
    rows += [[f"status: {name}", *words] for name, words in STATUSES.items()]
    rows += [[f"visits: {name}", *words] for name, words in VERDICTS.items()]
    headings = ("指标\nfigure", "名称\nname", "含义\nin Chinese", "含义\nin English")
    looks = (Look.PLAIN, Look.PLAIN, Look.LONG, Look.LONG)
    return Sheet(name="说明 definitions", headings=headings, rows=rows, looks=looks)


def _headings(names: Iterable[str]) -> list[str]:
    return [f"{HEADINGS[name]}\n{name}" for name in names]


def _looks(names: Iterable[str]) -> list[Look]:
    return [LOOKS.get(name, Look.PLAIN) for name in names]


def _about(report: MonthReport) -> Mapping[str, str]:
    return {**_facts(report), **report.definitions}


def _facts(report: MonthReport) -> Mapping[str, str]:
    calendar = report.calendar
    told = f"{calendar.workdays} working days by {calendar.version}"
    return {
        "month": f"{report.month} · {report.state} · revision {report.revision}",
        "calendar": f"{told} · {calendar.warning}" if calendar.warning else told,
    }


def _shares(shares: Sequence[Mapping[str, Any]]) -> str | None:
    """Return how a duty was split; one that was nobody else's has nothing to tell."""
    if len(shares) < 2:
        return None
    return "\n".join(
        f"{share['owner'] or NOBODY} {share.get('required', 0)} ({share.get('workdays', 0)} d)" for share in shares
    )


def _visits(visits: Iterable[Mapping[str, Any]]) -> str:
    lines = (f"{one['day']} {one['visitor']} {VERDICTS[one['verdict']][0]} {one['verdict']}" for one in visits)
    return "\n".join(lines)
