"""Purges: what the server orders to be deleted, carried out after the owed work is handed in, and receipted (C7)."""

from collections.abc import Iterable, Sequence

import msgspec

from contracts.pull import Digest
from contracts.purges import RECEIPTS_MAX, PurgeReceipt
from sync.digest import MODULUS, write_digest
from sync.signing import PrivateKey, canonical, sign
from sync.tablet.database import Database
from sync.tablet.replica import Replica

EVERYTHING = "*"  # names every bucket that the tablet holds


class Purges:
    """Purge orders from the moment they are heard to the moment their receipt is settled."""

    def __init__(self, database: Database, replica: Replica) -> None:
        self._database, self._replica = database, replica

    def order(self, purge: str, buckets: Iterable[str], deadline: str, cause: str) -> None:
        """Take an order; hearing it again changes nothing but asks for the receipt again."""
        self._database.execute(
            "INSERT INTO purge (purge, cause, deadline) VALUES (?, ?, ?)"
            " ON CONFLICT DO UPDATE SET is_settled = 0, done_at = NULL",
            (purge, cause, deadline),
        )
        named = self._replica.digests() if EVERYTHING in buckets else buckets
        self._database.executemany(
            "INSERT OR IGNORE INTO purge_bucket (purge, bucket) VALUES (?, ?)", [(purge, bucket) for bucket in named]
        )

    def drop_rest(self) -> None:
        """Drop every bucket that no order names, without a receipt: all must go."""
        named = {bucket for (bucket,) in self._database.execute("SELECT bucket FROM purge_bucket")}
        for bucket in self._replica.digests().keys() - named:
            self._replica.drop_bucket(bucket)

    def is_pending(self) -> bool:
        """Say whether an order waits to be carried out."""
        return self._database.execute("SELECT 1 FROM purge WHERE done_at IS NULL LIMIT 1").fetchone() is not None

    def is_overdue(self, now: str) -> bool:
        """Say whether an order's deadline has passed: then what is owed no longer holds it up."""
        row = self._database.execute("SELECT 1 FROM purge WHERE done_at IS NULL AND deadline < ? LIMIT 1", (now,))
        return row.fetchone() is not None

    def carry_out(self, now: str) -> None:
        """Delete what every pending order names."""
        with self._database.transaction():
            self._carry_out(self._database.execute("SELECT purge, bucket FROM purge_bucket").fetchall(), now)
            self._database.execute("UPDATE purge SET done_at = ? WHERE done_at IS NULL", (now,))
        self._database.wipe_free_space()

    def carry_out_for(self, buckets: Sequence[str], now: str) -> None:
        """Delete these buckets if an order names them; the order is done when it names no other."""
        if not buckets:
            return
        rows = self._database.execute("SELECT purge, bucket FROM purge_bucket").fetchall()
        self._carry_out([row for row in rows if row[1] in buckets], now)

    def receipts(self, key: PrivateKey) -> list[PurgeReceipt]:
        """Return the signed receipts that the server has not settled."""
        rows = self._database.execute(
            "SELECT purge, deleted, count, digest, done_at FROM purge"
            " WHERE done_at IS NOT NULL AND is_settled = 0 ORDER BY purge LIMIT ?",
            (RECEIPTS_MAX,),
        )
        return [
            _signed(PurgeReceipt(purge=purge, deleted=deleted, digest_before=Digest(n=n, d=d), done_at=at, sig=""), key)
            for purge, deleted, n, d, at in rows
        ]

    def note_settled(self, purge: str) -> None:
        """Remember that the server has the receipt."""
        self._database.execute("UPDATE purge SET is_settled = 1 WHERE purge = ?", (purge,))

    def _carry_out(self, rows: Iterable[tuple[str, str]], now: str) -> None:
        for purge, bucket in rows:
            deleted, before = self._replica.drop_bucket(bucket)
            (digest,) = self._database.execute("SELECT digest FROM purge WHERE purge = ?", (purge,)).fetchone()
            total = write_digest((int(digest, 16) + int(before.d, 16)) % MODULUS)
            self._database.execute(
                "UPDATE purge SET deleted = deleted + ?, count = count + ?, digest = ? WHERE purge = ?",
                (deleted, before.n, total, purge),
            )
            self._database.execute("DELETE FROM purge_bucket WHERE purge = ? AND bucket = ?", (purge, bucket))
            self._database.execute(
                "UPDATE purge SET done_at = ? WHERE purge = ? AND NOT EXISTS"
                " (SELECT 1 FROM purge_bucket WHERE purge_bucket.purge = purge.purge)",
                (now, purge),
            )


def _signed(receipt: PurgeReceipt, key: PrivateKey) -> PurgeReceipt:
    body = msgspec.to_builtins(receipt)
    del body["sig"]
    return msgspec.structs.replace(receipt, sig=sign(key, canonical(body)))
