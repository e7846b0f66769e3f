"""The day in figures, as a supervisor reads them over the API, and how the visits were judged, as their authors do."""

from collections import Counter
from collections.abc import Iterable, Sequence

from backend.demo.day.crew import Desk, Worker
from contracts.base import Body


def tell_lobby(desk: Desk, org_id: str, date: str) -> list[str]:
    """Return a line for each branch that handed out numbers, and one for all (domain-rules.md §8)."""
    answer = desk.get(f"/lobby/day/{org_id}/{date}?by=branch")
    rows = [row for row in answer.get("rows", []) if row.get("issued")]
    return [_branch_line(row) for row in (*rows, answer["total"] | {"key": "all"})]


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


def _branch_line(row: Body) -> str:
    median, p90 = _minutes(row.get("wait_median_s")), _minutes(row.get("wait_p90_s"))
    parts = (
        f"{row['issued']:3d} issued",
        f"{row['called']:3d} called",
        f"wait {_minutes(row.get('wait_mean_s'))} (median {median}, P90 {p90})",
        f"in time {_percent(row.get('service_level'))}",
        f"gave up {_percent(row.get('abandonment'))}",
        f"service {_minutes(row.get('service_mean_s'))}",
        f"{row['recalls']} recalls",
        f"{row['transfers']} transfers",
    )
    return f"{row['key']:>6}  {' · '.join(parts)}"


def _minutes(seconds: float | None) -> str:
    return "–" if seconds is None else f"{seconds / 60:.1f} min"


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.0f} %"
