"""What the demonstration bank asks of its field managers, so that whoever tries it finds duties, owners and figures."""

from collections.abc import Sequence
from datetime import datetime

from backend.domain.compliance.jobs.closing import Parts, bank_day, refresh_duties
from backend.domain.compliance.queries.setup import KeptRule, ToldDay, add_rule, replace_year
from backend.domain.compliance.rules.versions import RuleVersion
from backend.domain.handoffs.duty import SOURCES
from backend.storage.sql_store import SqlStore
from backend.storage.unit import SqlUnit
from sync.engine import Engine
from sync.moments import write_moment

CODE, VISITS_MIN, THRESHOLD_FEN = "loan_visit", 2, 5_000_000
BY = "seed"


def ask_for_visits(
    engine: Engine, store: SqlStore, org_id: str, days: Sequence[ToldDay], source: tuple[str, str], now: datetime
) -> None:
    """Rule that who owes more than 50,000 yuan is visited twice a month, from this month on (001-17).

    `days` are the working days of the year, as `source` (its name and version) tells them; none if nobody knows them.
    """
    today = bank_day(now)
    rule = RuleVersion(
        rule_id=engine.new_id(), code=CODE, org_id=org_id, valid_from_month=today.isoformat()[:7],
        threshold_fen=THRESHOLD_FEN, min_visits=VISITS_MIN,
    )  # fmt: skip

    def write(unit: SqlUnit) -> None:
        if days:
            replace_year(unit.connection, today.year, days, *source, is_confirmed=True)
        add_rule(unit.connection, KeptRule(rule=rule, note="001-17", added_by=BY, added_at=write_moment(now)))

    store.write(write)
    refresh_duties(Parts(store, engine.kinds, SOURCES), now)
