"""Rounds: pages of a pull are staged, and the whole round is applied in one transaction when it is complete (C2)."""

from contracts.pull import PullResponse, Removal
from sync.tablet.database import Database
from sync.tablet.outbox import Outbox
from sync.tablet.purges import Purges
from sync.tablet.replica import Replica, Row, row_of


class Rounds:
    """Takes pages in the order in which they were pulled; a tablet that is killed goes on with the next page."""

    def __init__(self, database: Database, replica: Replica, outbox: Outbox, purges: Purges) -> None:
        self._database, self._replica, self._outbox, self._purges = database, replica, outbox, purges

    def cursor(self) -> str | None:
        """Return the cursor to pull after."""
        cursor: str | None
        (cursor,) = self._database.execute("SELECT coalesce(staged_cursor, cursor) FROM install").fetchone()
        return cursor

    def take(self, page: PullResponse, now: str) -> None:
        """Stage a page; with the last one of a round everything shows at once."""
        with self._database.transaction():
            if page.complete and not self._is_staging():
                self._apply(page.reset, page.removed, [row_of(change) for change in page.changes], now)
            else:
                self._stage(page)
                if page.complete:
                    self._apply_staged(now)
            if page.complete:
                self._finish(page, now)

    def abandon(self) -> None:
        """Forget the staged pages and every cursor; the next round replaces all that is held."""
        with self._database.transaction():
            self._clear()
            self._database.execute("INSERT INTO staged_bucket (bucket, sort) SELECT name, 'reset' FROM bucket")
            self._database.execute("UPDATE install SET staged_cursor = NULL, cursor = NULL")

    def _is_staging(self) -> bool:
        query = "SELECT staged_cursor IS NOT NULL OR EXISTS (SELECT 1 FROM staged_bucket) FROM install"
        return bool(self._database.execute(query).fetchone()[0])

    def _stage(self, page: PullResponse) -> None:
        execute = self._database.execute
        for bucket in page.reset:  # what was staged of an earlier scan of this bucket is void
            execute("DELETE FROM staged WHERE bucket = ?", (bucket,))
            execute("INSERT OR IGNORE INTO staged_bucket (bucket, sort) VALUES (?, 'reset')", (bucket,))
        for removal in page.removed:
            execute("DELETE FROM staged WHERE bucket = ?", (removal.bucket,))
            execute("DELETE FROM staged_bucket WHERE bucket = ? AND sort = 'reset'", (removal.bucket,))
            execute(
                "INSERT OR REPLACE INTO staged_bucket (bucket, sort, purge, deadline) VALUES (?, 'removed', ?, ?)",
                (removal.bucket, removal.purge, removal.deadline),
            )
        self._database.executemany(
            "INSERT OR REPLACE INTO staged (bucket, kind, id, version, body, x) VALUES (?, ?, ?, ?, ?, ?)",
            [row_of(change) for change in page.changes],
        )
        execute("UPDATE install SET staged_cursor = ?", (page.cursor,))

    def _apply_staged(self, now: str) -> None:
        buckets = self._database.execute("SELECT bucket, sort, purge, deadline FROM staged_bucket").fetchall()
        rows = self._database.execute("SELECT bucket, kind, id, version, body, x FROM staged").fetchall()
        resets = [bucket for bucket, sort, _, _ in buckets if sort == "reset"]
        removed = [
            Removal(bucket=bucket, purge=purge, deadline=deadline)
            for bucket, sort, purge, deadline in buckets
            if sort == "removed"
        ]
        self._apply(resets, removed, [Row(*row) for row in rows], now)
        self._clear()

    def _apply(self, resets: list[str], removed: list[Removal], rows: list[Row], now: str) -> None:
        for removal in removed:
            self._purges.order(removal.purge, [removal.bucket], removal.deadline, "scope")
        self._purges.carry_out_for(resets, now)  # the bucket came back before it was purged
        self._replica.apply(rows, resets)

    def _finish(self, page: PullResponse, now: str) -> None:
        self._database.execute(
            "UPDATE install SET cursor = ?, staged_cursor = NULL, ack_n = ?, epoch = ?, contact_at = ?",
            (page.cursor, page.ack_n, page.epoch, now),
        )
        self._outbox.heed(page.ack_n)

    def _clear(self) -> None:
        self._database.execute("DELETE FROM staged")
        self._database.execute("DELETE FROM staged_bucket")
