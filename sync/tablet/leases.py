"""Leases on the tablet: queue numbers to hand out with no line, asked for ahead and returned when unused."""

from collections.abc import Callable
from typing import NamedTuple

from contracts.leases import HELD_MAX, Lease, LeaseRequest
from sync.tablet.database import Database
from sync.tablet.errors import NumbersExhausted

REFILL_SHARE = 0.3  # ask again when no more than this share of a block is left
WANT_DEFAULT = 20
ON_LINE = "branch = ? AND series = ? AND business_date = ?"


class Line(NamedTuple):
    """One series of one branch on one day."""

    branch: str
    series: str
    business_date: str


class TicketNumber(NamedTuple):
    """A number handed out; `overflow` is the install's letter when no lease had one left."""

    number: int
    overflow: str | None


class Returnable(NamedTuple):
    """A lease that goes back, with the numbers that were never handed out."""

    lease_id: str
    unused: list[int]


class Leases:
    """This install's blocks of numbers; written inside the caller's transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def serve(self, line: Line, want: int = WANT_DEFAULT) -> None:
        """From now on keep numbers of this line at hand, `want` a block."""
        self._database.execute(
            "INSERT INTO line (branch, series, business_date, want) VALUES (?, ?, ?, ?)"
            " ON CONFLICT DO UPDATE SET want = excluded.want, is_ended = 0",
            (*line, want),
        )

    def hand_out(self, line: Line, now: str) -> TicketNumber:
        """Return the line's next number that no ticket on this tablet has. Raises NumbersExhausted.

        Leases first, oldest block first; then the overflow series, which is unique by the install's letter.
        """
        usable = self._database.execute(
            f"SELECT lease_id, next, hi FROM lease WHERE {ON_LINE} AND next <= hi"  # noqa: S608 - a constant
            " AND state = 'open' AND expires_at > ? ORDER BY lo",
            (*line, now),
        )
        for lease_id, number, hi in usable.fetchall():
            free = self._first_free(line, "", number)
            self._database.execute("UPDATE lease SET next = ? WHERE lease_id = ?", (min(free, hi) + 1, lease_id))
            if free <= hi:
                return TicketNumber(free, None)
        return self._overflow(line)

    def left(self, line: Line) -> int:
        """Return how many leased numbers of a line are left."""
        count: int = self._database.execute(
            f"SELECT coalesce(sum(hi - next + 1), 0) FROM lease WHERE {ON_LINE} AND state = 'open'",  # noqa: S608 - a constant
            line,
        ).fetchone()[0]
        return count

    def lines(self) -> list[tuple[Line, int]]:
        """Return every line that is served, with the size of its blocks."""
        rows = self._database.execute("SELECT branch, series, business_date, want FROM line WHERE is_ended = 0")
        return [(Line(*row[:3]), row[3]) for row in rows.fetchall()]

    def line_to_ask_for(self) -> tuple[Line, int] | None:
        """Return a line whose next block can carry tokens along; on one that has ended a block of one will do."""
        row = self._database.execute(
            "SELECT branch, series, business_date, iif(is_ended, 1, want) FROM line ORDER BY is_ended LIMIT 1"
        ).fetchone()
        return (Line(*row[:3]), row[3]) if row else None

    def short_lines(self) -> list[tuple[Line, int]]:
        """Return the lines that need a block now, with its size."""
        return [(line, want) for line, want in self.lines() if self.left(line) <= want * REFILL_SHARE]

    def request(self, line: Line, want: int, new_id: Callable[[], str], held: list[str]) -> LeaseRequest:
        """Return the request for a block; asked again after a lost answer it is the same request."""
        (request_id,) = self._database.execute(
            f"SELECT coalesce(request_id, ?) FROM line WHERE {ON_LINE}",  # noqa: S608 - a constant
            (new_id(), *line),
        ).fetchone()
        self._database.execute(f"UPDATE line SET request_id = ? WHERE {ON_LINE}", (request_id, *line))  # noqa: S608 - a constant
        return LeaseRequest(**line._asdict(), want=want, request_id=request_id, held=held)

    def keep(self, lease: Lease) -> None:
        """Take a block into use."""
        line = Line(lease.branch, lease.series, lease.business_date)
        self._database.execute(
            "INSERT OR IGNORE INTO lease (lease_id, branch, series, business_date, lo, hi, next, expires_at, token)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (lease.lease_id, *line, lease.lo, lease.hi, lease.lo, lease.expires_at, lease.token),
        )
        self._database.execute("UPDATE install SET letter = ?", (lease.overflow,))
        self._database.execute(  # nobody draws from a line that has ended
            "UPDATE lease SET state = 'returning' WHERE lease_id = ? AND EXISTS"  # noqa: S608 - a constant
            f" (SELECT 1 FROM line WHERE {ON_LINE} AND is_ended = 1)",
            (lease.lease_id, *line),
        )
        self._database.execute(f"UPDATE line SET request_id = NULL WHERE {ON_LINE}", line)  # noqa: S608 - a constant

    def present(self) -> list[str]:
        """Return the tokens for a server that may have forgotten their leases, newest first.

        Leases that went back are shown as well, since tickets in the journal have their numbers; they go
        back once more.
        """
        self._database.execute("UPDATE lease SET state = 'returning' WHERE state = 'returned'")
        rows = self._database.execute(
            "SELECT token FROM lease ORDER BY business_date DESC, lo DESC LIMIT ?", (HELD_MAX,)
        )
        return [token for (token,) in rows]

    def end_day(self, business_date: str) -> None:
        """Hand out no more numbers of a day; the next sync returns what is left."""
        self._database.execute(
            "UPDATE lease SET state = 'returning' WHERE business_date = ? AND state = 'open'", (business_date,)
        )
        self._database.execute(
            "UPDATE line SET is_ended = 1, request_id = NULL WHERE business_date = ?", (business_date,)
        )

    def end_line(self, line: Line) -> None:
        """Ask for no more numbers of one line."""
        self._database.execute(f"UPDATE line SET is_ended = 1, request_id = NULL WHERE {ON_LINE}", line)  # noqa: S608 - a constant

    def returnable(self) -> list[Returnable]:
        """Return the leases that wait to go back."""
        rows = self._database.execute(
            "SELECT lease_id, next, hi FROM lease WHERE state = 'returning' ORDER BY lease_id"
        )
        return [Returnable(lease_id, list(range(number, hi + 1))) for lease_id, number, hi in rows]

    def note_returned(self, lease_id: str) -> None:
        """Remember that a lease is back."""
        self._database.execute("UPDATE lease SET state = 'returned' WHERE lease_id = ?", (lease_id,))

    def trim(self, before: str) -> None:
        """Forget returned leases whose time ended before the journal begins."""
        self._database.execute("DELETE FROM lease WHERE state = 'returned' AND expires_at < ?", (before,))

    def _overflow(self, line: Line) -> TicketNumber:
        (letter,) = self._database.execute("SELECT letter FROM install").fetchone()
        if letter is None:
            raise NumbersExhausted(f"no number of series {line.series} was ever leased to this tablet")
        self._database.execute(
            "INSERT OR IGNORE INTO line (branch, series, business_date, want) VALUES (?, ?, ?, ?)",
            (*line, WANT_DEFAULT),
        )
        (number,) = self._database.execute(
            f"SELECT overflow_next FROM line WHERE {ON_LINE}",  # noqa: S608 - a constant
            line,
        ).fetchone()
        free = self._first_free(line, letter, number)
        self._database.execute(f"UPDATE line SET overflow_next = ? WHERE {ON_LINE}", (free + 1, *line))  # noqa: S608 - a constant
        return TicketNumber(free, letter)

    def _first_free(self, line: Line, overflow: str, number: int) -> int:
        """Return the first number from `number` on that no pulled ticket shows: an older state may have used it."""
        query = (
            "SELECT 1 FROM record WHERE kind = 'ticket' AND json_extract(body, '$.number') = ?"
            " AND json_extract(body, '$.branch_id') = ? AND json_extract(body, '$.series') = ?"
            " AND json_extract(body, '$.business_date') = ? AND coalesce(json_extract(body, '$.overflow'), '') = ?"
        )
        while self._database.execute(query, (number, *line, overflow)).fetchone():
            number += 1
        return number
