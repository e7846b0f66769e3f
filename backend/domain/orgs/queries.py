"""Reading and growing the tree of institutions."""

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


def list_orgs(connection: Connection) -> list[OrgRow]:
    """Return all institutions, parents before children."""
    rows = connection.execute(select(org).limit(ORGS_MAX))
    return sorted((OrgRow(**row._mapping) for row in rows), key=lambda row: (LEVELS.index(row.level), row.org_id))
