"""Reading and growing the tree of institutions."""

from collections.abc import Collection, Mapping

from msgspec import Struct
from sqlalchemy import Connection, insert, select

from backend.domain.orgs.models import org

LEVELS = ("union", "bank", "branch")
ORGS_MAX = 20_000  # a union has some 80 banks with 2,000 branches


class OrgRow(Struct, frozen=True, kw_only=True):
    """An institution; `parent` is None for the union alone."""

    org_id: str
    name: str
    level: str
    parent: str | None = None
    lat: float | None = None
    lon: float | None = None


def add_org(connection: Connection, row: OrgRow) -> None:
    """Add an institution below its parent."""
    assert row.level in LEVELS, row.level
    connection.execute(insert(org).values({name: getattr(row, name) for name in row.__struct_fields__}))


def find_org(connection: Connection, org_id: str, *, lock: bool = False) -> OrgRow | None:
    """Return an institution, or None; `lock` keeps others from it until the transaction ends."""
    chosen = select(org).where(org.c.org_id == org_id)
    found = connection.execute(chosen.with_for_update() if lock else chosen).one_or_none()
    return OrgRow(**found._mapping) if found else None


def orgs_below(connection: Connection, org_id: str) -> frozenset[str]:
    """Return an institution and all below it: the area of its supervisors and auditors. Unknown: empty."""
    area = select(org.c.org_id).where(org.c.org_id == org_id).cte("area", recursive=True)
    area = area.union(select(org.c.org_id).join(area, org.c.parent == area.c.org_id))  # `union` ends even in a circle
    return frozenset(connection.scalars(select(area.c.org_id).limit(ORGS_MAX)))


def orgs_above(connection: Connection, org_ids: Collection[str]) -> dict[str, list[OrgRow]]:
    """Return for each institution itself, its parent, and so on up; an unknown one has none."""
    known: dict[str, OrgRow] = {}
    wanted = set(org_ids)
    for _ in LEVELS:
        rows = connection.execute(select(org).where(org.c.org_id.in_(sorted(wanted - known.keys()))))
        known |= {row.org_id: OrgRow(**row._mapping) for row in rows}
        wanted = {row.parent for row in known.values() if row.parent}
    return {org_id: _line(known, org_id) for org_id in org_ids}


def list_orgs(connection: Connection) -> list[OrgRow]:
    """Return all institutions, parents before children."""
    rows = connection.execute(select(org).limit(ORGS_MAX))
    return sorted((OrgRow(**row._mapping) for row in rows), key=lambda row: (LEVELS.index(row.level), row.org_id))


def _line(known: Mapping[str, OrgRow], org_id: str) -> list[OrgRow]:
    line: list[OrgRow] = []
    row = known.get(org_id)
    while row is not None and len(line) < len(LEVELS):
        line.append(row)
        row = known.get(row.parent or "")
    return line
