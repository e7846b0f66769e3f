"""Reading leads for those who assign them."""

from collections.abc import Collection

from sqlalchemy import Connection, and_, or_, select

from backend.domain.tasks.models import lead


def list_leads(
    connection: Connection, area: Collection[str], state: str, *, after: tuple[str, str] | None, limit: int
) -> list[tuple[str, str]]:
    """Return (state_at, id) of an area's leads in a state, the longest waiting first, after the one named."""
    chosen = select(lead.c.state_at, lead.c.id).where(lead.c.org_id.in_(sorted(area)), lead.c.state == state)
    if after is not None:
        at, id = after
        chosen = chosen.where(or_(lead.c.state_at > at, and_(lead.c.state_at == at, lead.c.id > id)))
    rows = connection.execute(chosen.order_by(lead.c.state_at, lead.c.id).limit(limit))
    return [(row.state_at, row.id) for row in rows]
