"""What a compaction would drop, counted without dropping it."""

from datetime import datetime, timedelta

from sqlalchemy import func, select

from backend.storage.snapshot import SqlSnapshot
from backend.storage.sql_store import SqlStore
from backend.storage.tables import membership
from sync.moments import write_moment
from sync.retention import horizon


def count_droppable(store: SqlStore, now: datetime, retention_d: float) -> int:
    """Return how many feed rows lie below every horizon at this moment."""
    since = write_moment(now - timedelta(days=retention_d))
    return store.read(lambda look: sum(_count(look, name, since) for name in look.bucket_names()))


def _count(look: SqlSnapshot, bucket: str, since: str) -> int:
    head = look.buckets([bucket])[bucket].head
    upto = horizon(look.newest_before(bucket, since), look.cursors(bucket, since), head)
    gone = membership.c.bucket == bucket, membership.c.seq <= upto, membership.c.x.is_not(None)
    return look.connection.execute(select(func.count()).select_from(membership).where(*gone)).scalar_one()
