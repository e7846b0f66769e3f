"""Where every queue number of the day went: what machines and tablets gave out, against the server's account (I8)."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

from msgspec import Struct

from backend.demo.day.branch import Branch
from backend.demo.day.crew import Desk
from contracts.base import Body

UNUSED = "unused"

Number = tuple[str, str, int]  # series, letter of an overflow series or "", number


class NumberAccounts(Struct, frozen=True, kw_only=True):
    """How many numbers were given out, and how many the server knows once and only once."""

    made: int
    accounted: int
    statuses: dict[str, int]
    wrong: list[str]  # what is missing, double, or known of nobody

    @property
    def is_whole(self) -> bool:
        """Say whether every number is where it must be."""
        return self.made == self.accounted and not self.wrong


def account_numbers(desk: Desk, branches: Iterable[Branch], date: str) -> NumberAccounts:
    """Ask the server where every number went, and compare it with what machines and tablets gave out, one by one."""
    made = accounted = 0
    statuses: Counter[str] = Counter()
    wrong: list[str] = []
    for branch in branches:
        report = desk.get(f"/numbers/{branch.org_id}/{date}")
        given, known = Counter(given_out(branch)), Counter(_known(report))
        made += given.total()
        accounted += sum(given[number] == known[number] == 1 for number in given)
        wrong += [f"{branch.org_id} {_write(one)}" for one in sorted(given.keys() | known.keys())
                  if not given[one] == known[one] == 1]  # fmt: skip
        wrong += [f"{branch.org_id} {line['series']}: {name} {line[name]}" for line in report["lines"]
                  for name in ("missing", "held", "stray", "collisions") if line[name]]  # fmt: skip
        statuses.update(count_places(branch, report))
    return NumberAccounts(made=made, accounted=accounted, statuses=dict(statuses), wrong=wrong)


def given_out(branch: Branch) -> list[Number]:
    """Return every number that a branch's machine and tablets gave out."""
    numbers = [number for lobby in branch.lobbies for number in lobby.handed_out]
    return numbers + (branch.door.numbers() if branch.door is not None else [])


def count_places(branch: Branch, report: Body) -> dict[str, int]:
    """Return how many numbers of a branch lie in each place; the first four are on tickets."""
    machine = branch.door.numbers() if branch.door is not None else []
    tablets = [number for lobby in branch.lobbies for number in lobby.handed_out]
    own = branch.door.own_numbers() if branch.door is not None else 0
    beyond = sum(bool(letter) for _, letter, _ in machine)
    return {
        "by the server at machines": len(machine) - own - beyond,
        "from machines' blocks": own,
        "by tablets": sum(not letter for _, letter, _ in tablets),
        "overflow": beyond + sum(bool(letter) for _, letter, _ in tablets),
        UNUSED: sum(len(line["unused"]) for line in report["lines"]),
    }


def count_held(desk: Desk, branches: Iterable[Branch], date: str) -> dict[str, int]:
    """Return how many numbers of each branch lie in leases that nobody has given back."""
    reports = {branch.org_id: desk.get(f"/numbers/{branch.org_id}/{date}") for branch in branches}
    return {org: sum(len(line["held"]) for line in report["lines"]) for org, report in reports.items()}


def tell_numbers(desk: Desk, branches: Iterable[Branch], date: str, voided: dict[str, int]) -> list[list[Any]]:
    """Return the account of each branch as a row: who gave how many out, and where the others went."""
    rows: list[list[Any]] = []
    for branch in branches:
        report = desk.get(f"/numbers/{branch.org_id}/{date}")
        places = count_places(branch, report)
        unused, nowhere = places.pop(UNUSED), sum(len(line["missing"]) for line in report["lines"])
        double = sum(len(line["collisions"]) for line in report["lines"])
        rows.append([branch.org_id, sum(places.values()), *places.values(), unused - voided[branch.org_id],
                     voided[branch.org_id], nowhere, double])  # fmt: skip
    return rows


def _known(report: Body) -> list[Number]:
    numbers = [(line["series"], "", number) for line in report["lines"] for number in line["issued"]]
    return numbers + [
        (line["series"], letter, number)
        for line in report["lines"] for letter, found in line["overflow"].items() for number in found
    ]  # fmt: skip


def _write(number: Number) -> str:
    series, letter, count = number
    return f"{series}-{letter}{count:03d}" if letter else f"{series}{count:03d}"
