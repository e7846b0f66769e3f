"""Visits that came before there were grades are judged soon after the start; what was corrected waits no more."""

import json
from datetime import UTC, datetime

from alembic import op
from sqlalchemy import Connection, column, delete, exists, insert, select, table

revision = "0016_graded_late"
down_revision = "0015_trimmed"
branch_labels = None
depends_on = None

PAGE = 5_000
TOGETHER = 20  # visits of one follow-up

record = table("record", *map(column, ("kind", "id", "standing")))
trace = table("visit_trace", column("id"))
visit = table("visit", *map(column, ("id", "root", "author")))
review = table("visit_review", column("visit_id"))
follow_up = table("follow_up", *map(column, ("kind", "ids", "at", "tries")))


def upgrade() -> None:
    """Leave a follow-up for each visit that nobody has judged; clear the queue of visits that were corrected."""
    judge_unjudged(op.get_bind())
    later = visit.alias()
    corrects = later.c.root == visit.c.id, later.c.root != later.c.id, later.c.author == visit.c.author
    corrected = select(visit.c.id).where(exists().where(*corrects))
    op.execute(delete(review).where(review.c.visit_id.in_(corrected)))


def downgrade() -> None:
    """Nothing: grades stay right."""


def judge_unjudged(connection: Connection) -> None:
    """Have the server judge every live visit that has no trace."""
    at = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    mine = record.c.kind == "visit", record.c.standing == "live", ~exists().where(trace.c.id == record.c.id)
    after = ""
    while ids := list(
        connection.scalars(select(record.c.id).where(*mine, record.c.id > after).order_by("id").limit(PAGE))
    ):
        parts = [ids[start : start + TOGETHER] for start in range(0, len(ids), TOGETHER)]
        rows = [{"kind": "visit", "ids": json.dumps(part), "at": at, "tries": 0} for part in parts]
        connection.execute(insert(follow_up), rows)
        after = ids[-1]
