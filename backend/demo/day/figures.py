"""The day in figures, as a supervisor reads them over the API, and how the visits were judged, as their authors do."""

from collections import Counter
from collections.abc import Iterable, Sequence

from backend.demo.day.branch import Branch
from backend.demo.day.crew import Desk, Worker
from backend.demo.day.tale import align
from contracts.base import Body

HEADINGS = (
    "", "issued", "called", "wait", "median", "P90", "in time", "gave up", "service", "recalls", "transfers",
    "busy", "told right", "prefilled", "saved",
)  # fmt: skip
FUNNEL = ("identified", "approached", "recommended", "interested", "reserved")


def tell_lobby(desk: Desk, org_id: str, date: str) -> list[str]:
    """Return a line for each branch that handed out numbers, one for all, and what came of talks (§8)."""
    answer = desk.get(f"/lobby/day/{org_id}/{date}?by=branch")
    rows = [row for row in answer.get("rows", []) if row.get("issued")]
    total = answer["total"] | {"key": "all"}
    funnel = " → ".join(f"{total.get(name, 0)} {name}" for name in FUNNEL)
    table = align([HEADINGS, *(_row(row) for row in (*rows, total))])
    return [*table, _tell_series(desk, org_id, date), f"of all: {funnel}"]


def _tell_series(desk: Desk, org_id: str, date: str) -> str:
    """Return how much less those wait who go first."""
    rows = desk.get(f"/lobby/day/{org_id}/{date}?by=series")["rows"]
    told = [f"{row['key']} {row['issued']} numbers, {_minutes(row.get('wait_mean_s'))}" for row in rows if row["key"]]
    return f"by series, the elderly and disabled (P) first, then VIPs (V): {' · '.join(told)}"


def tell_hours(desk: Desk, org_id: str, date: str) -> list[str]:
    """Return the mean wait of those who came in each hour."""
    rows = desk.get(f"/lobby/day/{org_id}/{date}?by=hour")["rows"]
    waits = [(row["key"], (row.get("wait_mean_s") or 0) / 60) for row in rows if row.get("called")]
    return [f"{hour} h  {minutes:4.1f} min  {'█' * round(minutes * 2)}".rstrip() for hour, minutes in waits]


def tell_work(branches: Iterable[Branch]) -> list[str]:
    """Return what became of the forms, and why some were offered nothing."""
    branches = list(branches)
    lobbies = [lobby for branch in branches for lobby in branch.lobbies]
    forms = [view.body for branch in branches for view in branch.lobbies[0].worker.tablet.find("form")]
    states = Counter(form.get("state", "draft") for form in forms)
    silent = sum((lobby.talks.silent for lobby in lobbies), Counter[str]())
    by_hand = sum(lobby.paperwork.by_hand for lobby in lobbies)
    prefilled = sum(bool(form.get("sources")) for form in forms)
    return [
        f"forms: {_count(states)}; {prefilled} prefilled, {by_hand} read off the tablet where no line was",
        f"left alone: {_count(silent) or 'nobody'}",
    ]


def _count(counted: Counter[str]) -> str:
    return " · ".join(f"{count} {name}" for name, count in counted.most_common())


def tell_visits(workers: Sequence[Worker]) -> list[str]:
    """Return how many visits have which grade, and every flag with its first sentence for the person concerned."""
    grades = [view.body for worker in workers for view in worker.tablet.find("visit_grade")]
    counted = Counter(body["grade"] for body in grades)
    words = dict(_flags(grades))
    flags = Counter(flag["code"] for body in grades for flag in body.get("flags", ()))
    told = " · ".join(f"{grade} {count}" for grade, count in sorted(counted.items()))
    return [
        f"{len(grades)} visits: {told}",
        *(f"{count:3d} × {code}: {words[code]}" for code, count in flags.most_common()),
    ]


def _flags(grades: Iterable[Body]) -> Iterable[tuple[str, str]]:
    return ((flag["code"], flag["en"]) for body in grades for flag in body.get("flags", ()))


def _row(row: Body) -> list[object]:
    times = (_minutes(row.get(name)) for name in ("wait_mean_s", "wait_median_s", "wait_p90_s"))
    shares = (_percent(row.get(name)) for name in ("occupancy", "coverage", "prefill_rate"))
    return [
        row["key"], row["issued"], row["called"], *times, _percent(row.get("service_level")),
        _percent(row.get("abandonment")), _minutes(row.get("service_mean_s")), row.get("recalls", 0),
        row.get("transfers", 0), *shares, f"{row.get('saved_min', 0):.0f} min",
    ]  # fmt: skip


def _minutes(seconds: float | None) -> str:
    return "–" if seconds is None else f"{seconds / 60:.1f} min"


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.0f} %"
