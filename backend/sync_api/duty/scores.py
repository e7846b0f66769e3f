"""The scores of field managers in the caller's area: as an answer, and as tables for a file."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from urllib.parse import urlencode

from msgspec import Struct

from backend.domain.compliance.queries import obligations
from backend.domain.compliance.rules.closing import MonthState
from backend.domain.visits.queries import tally_visits
from backend.identity import Role, require
from backend.settings import Settings
from backend.storage.snapshot import SqlSnapshot
from backend.storage.sql_store import SqlStore
from backend.sync_api.duty.desk import LEVELS, ROWS_MAX, Chosen, names_and_banks, orgs_of
from backend.sync_api.duty.score_sheets import csv_sheets, xlsx_sheets
from backend.sync_api.duty.scoring import (
    COMPONENTS,
    DEFINITIONS,
    NOTHING,
    WORTH,
    WORTH_ACCEPTED,
    WORTH_REJECTED,
    Basis,
    Part,
    basis_of,
    parts_of,
    points_max_of,
    score_of,
)
from backend.web.sheets import Sheet
from contracts.compliance import Level
from contracts.score import ScoreComponent, ScoreItem, ScoreReport
from sync.errors import Forbidden
from sync.kind import Actor

Key = tuple[str, str]  # institution, person; the person is empty in rows of branches and banks

READERS = (Role.SUPERVISOR, Role.AUDITOR)  # of what is said about people
WORTHS = {**WORTH, "accepted": WORTH_ACCEPTED, "rejected": WORTH_REJECTED}
OF_DUTIES = frozenset({"duty_rate", "share_done"})
DIGITS = 1  # of a score
PLAIN = ("visits", "accepted", "rejected", "undecided")


class Asked(Struct, frozen=True, kw_only=True):
    """Which scores are asked for."""

    month: str
    level: Level = "manager"
    org_id: str | None = None
    person: str | None = None


class ScoreDesk:
    """Reads of scores; the area is the caller's institution and all below."""

    def __init__(self, store: SqlStore, weights: Mapping[str, int]) -> None:
        self._store, self._weights = store, weights

    def scores(self, actor: Actor, asked: Asked, *, after: str | None, limit: int) -> ScoreReport:
        """Return a month's scores with all that they are made of. Raises Forbidden, NotFound outside the area.

        A field manager reads the own row, wherever the visited customers are hosted.
        """
        if is_own := actor.roles.isdisjoint(READERS):
            asked = _own(actor, asked)
        return self._store.read(lambda look: self._report(look, actor, asked, after, limit, is_own=is_own))

    def csv(self, actor: Actor, asked: Asked) -> list[Sheet]:
        """Return the scores of one level as the table of a CSV file, with what they mean below."""
        return csv_sheets(self.scores(actor, asked, after=None, limit=ROWS_MAX))

    def xlsx(self, actor: Actor, asked: Asked) -> list[Sheet]:
        """Return the scores of all levels as the tables of a workbook."""
        require(actor, *READERS)

        def gather(look: SqlSnapshot) -> list[ScoreReport]:
            levels = [Asked(month=asked.month, level=one, org_id=asked.org_id, person=asked.person) for one in LEVELS]
            return [self._report(look, actor, one, None, ROWS_MAX) for one in levels]

        return xlsx_sheets(self._store.read(gather))

    def _report(
        self, look: SqlSnapshot, actor: Actor, asked: Asked, after: str | None, limit: int, *, is_own: bool = False
    ) -> ScoreReport:  # fmt: skip
        names, banks = names_and_banks(look)
        orgs = names.keys() if is_own else orgs_of(look, actor, Chosen(org_id=asked.org_id))
        sums = _rolled_up(_bases(look, asked, orgs), asked.level, banks)
        begun = [key for key in sorted(sums) if after is None or list(key) > after.split("~")]
        shown = begun[:limit]
        total = sum_bases(sums.values())
        months = obligations.load_months(look.connection, asked.month)
        state = next((row for row in months if row.month == asked.month), None)
        whole = (asked.org_id or actor.org_id, asked.person or "")
        return ScoreReport(
            month=asked.month, state=(state.state if state else MonthState.OPEN).value,
            revision=state.revision if state else 0, level=asked.level, weights=dict(self._weights),
            items=[self._item(key, sums[key], asked.month, names, is_own) for key in shown],
            total=self._item(whole, total, asked.month, names, is_own), definitions=dict(DEFINITIONS),
            next="~".join(shown[-1]) if len(begun) > limit else None,
        )  # fmt: skip

    def _item(self, key: Key, basis: Basis, month: str, names: Mapping[str, str], is_own: bool) -> ScoreItem:
        org_id, person = key
        parts = parts_of(basis, self._weights)
        score = score_of(parts)
        return ScoreItem(
            org_id=org_id, org_name=names.get(org_id, ""), person=person or None,
            score=None if score is None else round(score, DIGITS),
            components=[_component(part, parts, "" if is_own else _path(part.name, key, month)) for part in parts],
            grades={grade: getattr(basis, f"grade_{grade.lower()}") for grade in "ABCD"},
            **{name: getattr(basis, name) for name in PLAIN},
        )  # fmt: skip


def _own(actor: Actor, asked: Asked) -> Asked:
    """Return what a field manager is answered: the own score. Raises Forbidden for anybody else's."""
    require(actor, Role.FIELD_MANAGER)
    if asked.level != "manager" or asked.person not in (None, actor.staff_no):
        raise Forbidden(needs=[role.value for role in READERS])
    return Asked(month=asked.month, person=actor.staff_no)


def weights_of(settings: Settings) -> dict[str, int]:
    """Return the weights of a score's components, as a bank has set them."""
    return {name: getattr(settings, f"score_weight_{name}") for name in COMPONENTS}


def sum_bases(bases: Iterable[Basis]) -> Basis:
    """Return the sum of bases."""
    total = NOTHING
    for basis in bases:
        total = total.plus(basis)
    return total


def _bases(look: SqlSnapshot, asked: Asked, orgs: Collection[str]) -> dict[Key, Basis]:
    """Return the basis of every manager: of duties by their owner, of visits by the visitor."""
    sums: dict[Key, Basis] = {}
    for org_id, owner, _, figures in obligations.load_figures(look.connection, asked.month, orgs):
        sums[org_id, owner] = sums.get((org_id, owner), NOTHING).plus(basis_of(figures))
    for row in tally_visits(look.connection, asked.month, orgs, WORTHS):
        told = {name: int(value) for name, value in row._mapping.items() if name not in ("org_id", "author")}
        sums[row.org_id, row.author] = sums.get((row.org_id, row.author), NOTHING).plus(Basis(**told))
    return {
        key: basis for key, basis in sums.items() if key[1] and basis != NOTHING and asked.person in (None, key[1])
    }  # fmt: skip


def _rolled_up(sums: Mapping[Key, Basis], level: Level, banks: Mapping[str, str]) -> dict[Key, Basis]:
    if level == "manager":
        return dict(sums)
    rolled: dict[Key, Basis] = {}
    for (org_id, _), basis in sums.items():
        key = (banks.get(org_id, org_id) if level == "bank" else org_id, "")
        rolled[key] = rolled.get(key, NOTHING).plus(basis)
    return rolled


def _component(part: Part, parts: Sequence[Part], opens: str) -> ScoreComponent:
    most = points_max_of(part, parts)
    points = None if most is None or part.value is None else round(most * part.value, 2)
    return ScoreComponent(
        name=part.name, value=part.value, numerator=part.numerator, denominator=part.denominator, weight=part.weight,  # type: ignore[arg-type]  # the contract's words
        points=points, points_max=None if most is None else round(most, 2), opens=opens,
    )  # fmt: skip


def _path(name: str, key: Key, month: str) -> str:
    """Return where the duties or the visits stand that made a component."""
    org_id, person = key
    if name in OF_DUTIES:
        chosen = {"org": org_id, "owner": person}
        path = f"/api/v1/compliance/months/{month}/obligations"
    else:
        chosen = {"state": "all", "month": month, "org": org_id, "person": person}
        path = "/api/v1/visits/reviews"
    return f"{path}?{urlencode({name: value for name, value in chosen.items() if value})}"
