"""Rules of visit duty in versions: what they ask of whom, since which month (001-17)."""

from collections.abc import Iterable, Sequence
from enum import StrEnum

from msgspec import Struct

from backend.domain.compliance.rules.periods import Cadence


class Basis(StrEnum):
    """Which money is held against the threshold."""

    BANK = "bank"  # outstanding principal of all the customer's loans in their bank
    OWN_ORG = "own_org"  # only of loans at the institution that hosts the customer
    CONTRACT = "contract"  # contract amounts of all running loans in the bank


class Measurement(StrEnum):
    """On which day of the period that money is measured."""

    MONTH_START = "month_start"
    MAX_IN_MONTH = "max_in_month"
    MONTH_END = "month_end"


class RuleVersion(Struct, frozen=True, kw_only=True):
    """One version of one duty; it judges periods that begin in `valid_from_month` or later, until a newer one does.

    `code` names the duty through its versions. It binds the customers hosted at `org_id` and all below; where
    several institutions of a line have a rule of one code, the nearest counts.
    """

    rule_id: str
    code: str
    org_id: str
    valid_from_month: str
    threshold_fen: int  # a balance must be greater; an equal one makes no duty
    min_visits: int  # so many fulfil it
    cadence: Cadence = Cadence.MONTH
    basis: Basis = Basis.BANK
    measurement: Measurement = Measurement.MAX_IN_MONTH
    min_gap_days: int = 1  # between two visits that count; 1 is merely another day
    min_content_chars: int = 10
    visit_types: frozenset[str] = frozenset({"on_site"})
    auto_grades: frozenset[str] = frozenset({"A", "B"})
    is_prorated: bool = True
    eligible_workdays_min: int = 5  # a duty that begins with fewer working days left asks for nothing
    due_workdays: int = 15  # of a first check


def rule_in_force(versions: Iterable[RuleVersion], code: str, month: str, line: Sequence[str]) -> RuleVersion | None:
    """Return the version of a duty that judges `month` at an institution, or None.

    `line` is the institution, its parent, and so on up. Of two versions for one month the later added one
    counts: give them in the order in which they were added.
    """
    mine = [rule for rule in versions if rule.code == code and rule.valid_from_month <= month and rule.org_id in line]
    if not mine:
        return None
    nearest = min(line.index(rule.org_id) for rule in mine)
    return max((rule for rule in reversed(mine) if line.index(rule.org_id) == nearest), key=_since)


def rules_in_force(versions: Sequence[RuleVersion], month: str, line: Sequence[str]) -> list[RuleVersion]:
    """Return the version in force of every duty, by code."""
    codes = sorted({rule.code for rule in versions})
    found = (rule_in_force(versions, code, month, line) for code in codes)
    return [rule for rule in found if rule is not None]


def _since(rule: RuleVersion) -> str:
    return rule.valid_from_month
