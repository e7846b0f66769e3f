"""The calendar, the rules, and the exemptions."""

from collections.abc import Collection, Iterable, Sequence
from datetime import date

import msgspec
from msgspec import Struct
from sqlalchemy import Connection, and_, delete, insert, select

from backend.domain.compliance.models import duty_exemption, duty_rule, workday
from backend.domain.compliance.queries.upserts import put_rows
from backend.domain.compliance.rules.calendar import WORKED, Calendar, DayKind
from backend.domain.compliance.rules.facts import Exemption
from backend.domain.compliance.rules.versions import RuleVersion

RULES_MAX = 10_000

_rule = msgspec.json.Decoder(RuleVersion)


class ToldDay(Struct, frozen=True, kw_only=True):
    """One day as a source tells it."""

    day: date
    kind: DayKind


class KeptRule(Struct, frozen=True, kw_only=True):
    """A rule version, and who added it when and why."""

    rule: RuleVersion
    note: str
    added_by: str
    added_at: str


def has_news(connection: Connection, since: str) -> bool:
    """Say whether somebody added a rule version after a moment."""
    newer = select(duty_rule.c.rule_id).where(duty_rule.c.added_at > since).limit(1)
    return connection.execute(newer).first() is not None


def load_calendar(connection: Connection, first: date, last: date) -> Calendar:
    """Return what is known of the days from `first` to `last`."""
    within = and_(workday.c.day >= first.isoformat(), workday.c.day <= last.isoformat())
    columns = workday.c.day, workday.c.kind, workday.c.source, workday.c.version, workday.c.is_confirmed
    rows = connection.execute(select(*columns).where(within).order_by(workday.c.day)).all()
    days = {date.fromisoformat(row.day): row.kind in WORKED for row in rows}
    unconfirmed = frozenset(date.fromisoformat(row.day) for row in rows if not row.is_confirmed)
    versions = sorted({f"{row.source} {row.version}" for row in rows}) or ["weekdays"]
    return Calendar(days=days, unconfirmed=unconfirmed, version=", ".join(versions))


def replace_year(
    connection: Connection, year: int, days: Iterable[ToldDay], source: str, version: str, *, is_confirmed: bool
) -> None:
    """Put a year's days in place of what was known of it."""
    connection.execute(
        delete(workday).where(workday.c.day >= f"{year:04d}-01-01", workday.c.day <= f"{year:04d}-12-31")
    )
    rows = [
        {
            "day": told.day.isoformat(), "kind": told.kind.value, "source": source, "version": version,
            "is_confirmed": is_confirmed,
        }
        for told in days
    ]  # fmt: skip
    put_rows(connection, workday, rows)


def list_days(connection: Connection, year: int) -> list[tuple[str, str, str, str, bool]]:
    """Return (day, kind, source, version, whether confirmed) of every known day of a year."""
    within = and_(workday.c.day >= f"{year:04d}-01-01", workday.c.day <= f"{year:04d}-12-31")
    return [tuple(row) for row in connection.execute(select(workday).where(within).order_by(workday.c.day))]


def load_rules(connection: Connection) -> list[RuleVersion]:
    """Return every version of every rule, in the order in which they were added."""
    chosen = select(duty_rule.c.rule).order_by(duty_rule.c.added_at, duty_rule.c.rule_id).limit(RULES_MAX)
    return [_rule.decode(rule) for rule in connection.scalars(chosen)]


def has_rules(connection: Connection) -> bool:
    """Say whether there is any duty at all."""
    return connection.execute(select(duty_rule.c.rule_id).limit(1)).first() is not None


def has_code(connection: Connection, code: str) -> bool:
    """Say whether any rule has this code."""
    return connection.execute(select(duty_rule.c.rule_id).where(duty_rule.c.code == code).limit(1)).first() is not None


def list_rules(connection: Connection, orgs: Collection[str], after: str, limit: int) -> list[KeptRule]:
    """Return the rules of some institutions by id."""
    chosen = select(duty_rule).where(duty_rule.c.org_id.in_(orgs), duty_rule.c.rule_id > after)
    rows = connection.execute(chosen.order_by(duty_rule.c.rule_id).limit(limit))
    return [_kept(row) for row in rows]


def find_rule(connection: Connection, rule_id: str) -> KeptRule | None:
    """Return a rule version, or None."""
    row = connection.execute(select(duty_rule).where(duty_rule.c.rule_id == rule_id)).one_or_none()
    return _kept(row) if row else None


def add_rule(connection: Connection, kept: KeptRule) -> None:
    """Add a rule version; it never changes again."""
    rule = kept.rule
    connection.execute(
        insert(duty_rule).values(
            rule_id=rule.rule_id, code=rule.code, org_id=rule.org_id, valid_from_month=rule.valid_from_month,
            rule=msgspec.json.encode(rule), note=kept.note, added_by=kept.added_by, added_at=kept.added_at,
        )
    )  # fmt: skip


def load_exemptions(connection: Connection, customer_ids: Sequence[str]) -> dict[str, list[Exemption]]:
    """Return the approved exemptions of some customers."""
    columns = duty_exemption.c.customer_id, duty_exemption.c.code, duty_exemption.c.first_month
    chosen = select(*columns, duty_exemption.c.last_month).where(
        duty_exemption.c.customer_id.in_(customer_ids), duty_exemption.c.state == "approved"
    )
    found: dict[str, list[Exemption]] = {}
    for row in connection.execute(chosen):
        found.setdefault(row.customer_id, []).append(Exemption(**row._mapping))
    return found


def _kept(row: object) -> KeptRule:
    told = row._mapping  # type: ignore[attr-defined]  # a Row of any columns
    return KeptRule(rule=_rule.decode(told["rule"]), **{name: told[name] for name in ("note", "added_by", "added_at")})
