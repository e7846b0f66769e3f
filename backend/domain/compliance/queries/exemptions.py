"""Exemptions: asked for by one person, decided by another."""

from collections.abc import Collection

from msgspec import Struct
from sqlalchemy import Connection, insert, or_, select, update

from backend.domain.compliance.models import duty_exemption

# What makes an application the same as another.
ASKED = ("customer_id", "code", "first_month", "last_month", "reason", "evidence", "applied_by")


class ExemptionRow(Struct, frozen=True, kw_only=True):
    """An exemption as it is kept; `state` is open, approved or rejected."""

    exemption_id: str
    customer_id: str
    org_id: str
    code: str
    first_month: str
    last_month: str
    reason: str
    evidence: str
    applied_by: str
    applied_at: str
    state: str = "open"
    decided_by: str | None = None
    decided_at: str | None = None
    decision_note: str | None = None


def add_exemption(connection: Connection, row: ExemptionRow) -> None:
    """Keep an application."""
    connection.execute(insert(duty_exemption).values({name: getattr(row, name) for name in row.__struct_fields__}))


def find_exemption(connection: Connection, exemption_id: str, *, lock: bool = False) -> ExemptionRow | None:
    """Return an exemption, or None; `lock` keeps others from deciding it."""
    chosen = select(duty_exemption).where(duty_exemption.c.exemption_id == exemption_id)
    row = connection.execute(chosen.with_for_update() if lock else chosen).one_or_none()
    return ExemptionRow(**row._mapping) if row else None


def find_same(connection: Connection, row: ExemptionRow) -> ExemptionRow | None:
    """Return what the same person asked for in the same words, if nobody has decided about it yet."""
    columns = duty_exemption.c
    said = [columns[name] == getattr(row, name) for name in ASKED]
    found = connection.execute(select(duty_exemption).where(*said, columns.state == "open").limit(1)).one_or_none()
    return ExemptionRow(**found._mapping) if found else None


def decide_exemption(connection: Connection, exemption_id: str, *, state: str, by: str, at: str, note: str) -> None:
    """Keep what was decided."""
    news = {"state": state, "decided_by": by, "decided_at": at, "decision_note": note}
    connection.execute(update(duty_exemption).where(duty_exemption.c.exemption_id == exemption_id).values(news))


def list_exemptions(
    connection: Connection, orgs: Collection[str], state: str | None, after: tuple[str, str] | None, limit: int
) -> list[ExemptionRow]:  # fmt: skip
    """Return the exemptions of some institutions, oldest first, from (moment, id) on."""
    at, id = duty_exemption.c.applied_at, duty_exemption.c.exemption_id
    chosen = select(duty_exemption).where(duty_exemption.c.org_id.in_(orgs))
    if state is not None:
        chosen = chosen.where(duty_exemption.c.state == state)
    if after is not None:
        chosen = chosen.where(or_(at > after[0], (at == after[0]) & (id > after[1])))
    rows = connection.execute(chosen.order_by(at, id).limit(limit))
    return [ExemptionRow(**row._mapping) for row in rows]
