"""What waits for a supervisor, once for each institution that may look at it; and which visits are corrected."""

from collections.abc import Iterator
from typing import Any

from alembic import op
from sqlalchemy import Column, Connection, Text, column, insert, select, table, text

from backend.storage.metadata import Word

revision = "0014_visit_reviews"
down_revision = "0013_follow_ups"
branch_labels = None
depends_on = None

OPEN = ("pending", "asked")
CHUNK = 5_000
COPIED = ("org_id", "author", "month", "grade", "flags")


def upgrade() -> None:
    """Make the queue from the visits that wait, in place of an index over all visits."""
    op.create_table(
        "visit_review",
        Column("area", Word, primary_key=True),
        Column("place", Word, primary_key=True),
        Column("visit_id", Word, nullable=False),
        Column("org_id", Word, nullable=False),
        Column("author", Word, nullable=False),
        Column("month", Word, nullable=False),
        Column("grade", Word, nullable=False),
        Column("state", Word, nullable=False),
        Column("flags", Text, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_visit_review_visit", "visit_review", ["visit_id"])
    op.create_index("ix_visit_review_author", "visit_review", ["area", "author", "place"])
    fill_queue(op.get_bind())
    op.drop_index("ix_visit_review", "visit")
    amends = text("root <> id")
    op.create_index("ix_visit_amends", "visit", ["root"], sqlite_where=amends, postgresql_where=amends)


def downgrade() -> None:
    """Drop the queue."""
    op.drop_index("ix_visit_amends", "visit")
    op.create_index("ix_visit_review", "visit", ["org_id", "review_state", "probability", "points", "id"])
    op.drop_table("visit_review")


def fill_queue(connection: Connection) -> None:
    """Queue every visit that waits, as far as the queue is empty."""
    names = ("id", "at", "review_state", "probability", "points", *COPIED)
    visit = table("visit", *map(column, names))
    queue = table("visit_review", *map(column, ("area", "place", "visit_id", "state", *COPIED)))
    org = table("org", column("org_id"), column("parent"))
    parents = {row.org_id: row.parent for row in connection.execute(select(org))}
    after = ""
    while True:
        chosen = select(visit).where(visit.c.id > after, visit.c.review_state.in_(OPEN), visit.c.org_id != "")
        found = connection.execute(chosen.order_by(visit.c.id).limit(CHUNK)).all()
        if not found:
            return
        connection.execute(insert(queue), [row for one in found for row in _rows(one, parents)])
        after = found[-1].id


def _rows(visit: Any, parents: dict[str, str | None]) -> Iterator[dict[str, Any]]:
    likely = 0 if visit.probability < 0 else 1 + round(visit.probability * 1_000_000)
    place = f"{likely:07d}~{9_999 - min(visit.points, 9_999):04d}~{visit.at}~{visit.id}"
    told = {"place": place, "visit_id": visit.id, "state": visit.review_state}
    told |= {name: getattr(visit, name) for name in COPIED}
    area: str | None = visit.org_id
    while area is not None:
        yield told | {"area": area}
        area = parents.get(area)
