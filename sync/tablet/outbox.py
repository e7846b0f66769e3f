"""Outbox and journal: mutations exactly as they are sent, numbered without gaps, kept until nobody can ask for them."""

from collections.abc import Iterable

import msgspec

from contracts.push import MUTATION_BYTES_MAX, Mutation, Outcome, PushResponse
from sync.tablet.database import Database
from sync.tablet.errors import MutationTooLarge
from sync.tablet.mutations import Intent


class Unsettled(msgspec.Struct, frozen=True, kw_only=True):
    """Something typed here that did not simply become so: all of it, and why."""

    n: int
    staff_no: str
    mutation: Mutation
    outcome: Outcome | None  # None: not handed in yet


class Outbox:
    """This install's mutations; written inside the caller's transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def next_n(self) -> int:
        """Return the number that the next mutation gets."""
        n: int = self._database.execute("SELECT next_n FROM install").fetchone()[0]
        return n

    def add(self, n: int, intent: Intent, wire: bytes, staff_no: str) -> None:
        """Keep a mutation as it will be sent, byte for byte, every time."""
        if len(wire) > MUTATION_BYTES_MAX:
            raise MutationTooLarge(f"{len(wire)} bytes; {MUTATION_BYTES_MAX} is the most")
        self._database.execute(
            "INSERT INTO mutation (n, staff_no, kind, id, op, wire) VALUES (?, ?, ?, ?, ?, ?)",
            (n, staff_no, intent.kind, intent.id, intent.op.value, wire.decode()),
        )
        self._database.execute("UPDATE install SET next_n = ?", (n + 1,))

    def batch(self, count_max: int, bytes_max: int) -> list[tuple[int, str]]:
        """Return (n, wire) of the oldest mutations without an outcome, at least one if any, within the limits."""
        rows = self._database.execute(
            "SELECT n, wire FROM mutation WHERE outcome IS NULL ORDER BY n LIMIT ?", (count_max,)
        )
        batch: list[tuple[int, str]] = []
        size = 0
        for n, wire in rows:
            size += len(wire.encode()) + 1
            if batch and size > bytes_max:
                break
            batch.append((n, wire))
        return batch

    def note_sent(self, batch: list[tuple[int, str]]) -> None:
        """Remember that the server may have these now."""
        self._database.executemany("UPDATE mutation SET is_sent = 1 WHERE n = ?", [(n,) for n, _ in batch])

    def settle(self, response: PushResponse, at: str) -> None:
        """Keep what became of each mutation, and heed what the server says it has (P1, P7)."""
        self._database.executemany(
            "UPDATE mutation SET outcome = ?, settled_at = ?, is_open = ? WHERE n = ?",
            [(msgspec.json.encode(it).decode(), at, bool(reviews_of(it)), it.n) for it in response.outcomes],
        )
        self.heed(response.ack_n)

    def heed(self, ack_n: int) -> None:
        """Follow the server's acknowledged number, whether it is behind this tablet or ahead of it.

        Behind: it was restored from a backup, and the journal is sent again (P7). Ahead: this tablet was
        restored from an older state, and goes on after the numbers it used then.
        """
        self._database.execute(
            "UPDATE mutation SET outcome = NULL, settled_at = NULL, is_open = 0 WHERE n > ? AND outcome IS NOT NULL",
            (ack_n,),
        )
        self._database.execute("UPDATE install SET next_n = ? WHERE next_n <= ?", (ack_n + 1, ack_n))

    def overlay(self, kind: str, id: str) -> list[Mutation]:
        """Return the mutations of one record that no complete pull has shown yet, oldest first (P5)."""
        rows = self._database.execute(
            "SELECT wire FROM mutation WHERE kind = ? AND id = ? AND n > (SELECT ack_n FROM install) ORDER BY n",
            (kind, id),
        )
        return [_read(wire) for (wire,) in rows]

    def overlaid_ids(self, kind: str) -> list[str]:
        """Return the ids of a kind that have an overlay."""
        rows = self._database.execute(
            "SELECT DISTINCT id FROM mutation WHERE n > (SELECT ack_n FROM install) AND kind = ? ORDER BY id", (kind,)
        )
        return [id for (id,) in rows]

    def unsent_count(self) -> int:
        """Return how many mutations have no outcome yet."""
        count: int = self._database.execute("SELECT count(*) FROM mutation WHERE outcome IS NULL").fetchone()[0]
        return count

    def unsent_authors(self) -> set[str]:
        """Return whose work is not handed in yet."""
        rows = self._database.execute("SELECT DISTINCT staff_no FROM mutation WHERE outcome IS NULL")
        return {staff_no for (staff_no,) in rows}

    def open_mutations(self) -> list[Unsettled]:
        """Return what waits for the server or for a person, oldest first; nothing typed is ever dropped."""
        rows = self._database.execute(
            "SELECT n, staff_no, wire, outcome FROM mutation WHERE outcome IS NULL"
            " UNION SELECT n, staff_no, wire, outcome FROM mutation WHERE is_open = 1 ORDER BY n"
        )
        return [
            Unsettled(n=n, staff_no=staff_no, mutation=_read(wire), outcome=_read_outcome(outcome))
            for n, staff_no, wire, outcome in rows
        ]

    def close(self, numbers: Iterable[int]) -> None:
        """Note that a person has settled these."""
        self._database.executemany("UPDATE mutation SET is_open = 0 WHERE n = ?", [(n,) for n in numbers])

    def outcomes(self) -> dict[int, Outcome]:
        """Return what became of every mutation that is still in the journal."""
        rows = self._database.execute("SELECT n, outcome FROM mutation WHERE outcome IS NOT NULL ORDER BY n")
        return {n: msgspec.json.decode(outcome, type=Outcome) for n, outcome in rows}

    def trim(self, before: str) -> None:
        """Drop mutations that were settled before the journal begins; what waits for a person stays (P7)."""
        self._database.execute(
            "DELETE FROM mutation WHERE settled_at < ? AND is_open = 0 AND n <= (SELECT ack_n FROM install)", (before,)
        )

    def first_above(self, n: int) -> int | None:
        """Return the least number above `n` that is still in the journal."""
        first: int | None = self._database.execute("SELECT min(n) FROM mutation WHERE n > ?", (n,)).fetchone()[0]
        return first


def reviews_of(outcome: Outcome) -> set[str]:
    """Return the reviews that an outcome waits for."""
    named = {outcome.conflict, outcome.parked, *(field.conflict for field in outcome.fields)}
    return {review for review in named if review}


def _read(wire: str) -> Mutation:
    return msgspec.json.decode(wire, type=Mutation)


def _read_outcome(outcome: str | None) -> Outcome | None:
    return msgspec.json.decode(outcome, type=Outcome) if outcome else None
