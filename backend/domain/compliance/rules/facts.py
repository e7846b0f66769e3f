"""What the duty engine is told: loans with their balances by day, whose a customer was when, and visits."""

from datetime import date

from msgspec import Struct

CORRECTED = "corrected"  # another visit stands in its place
DOUBTED = "doubted"  # a correction that counts only if a supervisor accepts it; until then its original does


class Loan(Struct, frozen=True, kw_only=True):
    """A loan; `balances` are (day, Fen from that day on), oldest first, with one row at least.

    It runs from `opened_on` until the day before `settled_on`. Before its first known balance it had that one.
    """

    loan_id: str
    org_id: str
    bank_id: str
    opened_on: date
    balances: tuple[tuple[date, int], ...]
    settled_on: date | None = None
    contract_fen: int = 0

    def runs_on(self, day: date) -> bool:
        """Say whether money is owed on a day."""
        return self.opened_on <= day and (self.settled_on is None or day < self.settled_on)

    def balance_on(self, day: date) -> int:
        """Return what is owed at the end of a day, in Fen, of a loan that runs then."""
        known = self.balances[0][1]
        for since, fen in self.balances:
            if since > day:
                break
            known = fen
        return known


class Stint(Struct, frozen=True, kw_only=True):
    """Days, both included, on which a customer was one manager's."""

    staff_no: str
    portfolio_id: str
    first: date
    last: date


class Dossier(Struct, frozen=True, kw_only=True):
    """All that a duty of one customer follows from, but visits.

    `owners` never overlap; a day that none has is nobody's. `managers` says who else could visit: holders of
    the assisting portfolio, and further holders of the host's (001-12).
    """

    customer_id: str
    org_id: str
    bank_id: str
    loans: tuple[Loan, ...] = ()
    owners: tuple[Stint, ...] = ()
    managers: tuple[Stint, ...] = ()


class VisitFact(Struct, frozen=True, kw_only=True):
    """What a duty needs to know of a visit; `day` is the Shanghai day of its estimated time."""

    visit_id: str
    customer_id: str
    visitor: str
    type: str
    day: date
    t_est: str
    grade: str  # A · B · C · D
    review: str  # counted · pending · asked · answered · accepted · rejected · appealed · corrected · doubted
    content_chars: int
    has_coordinate: bool


class Exemption(Struct, frozen=True, kw_only=True):
    """An approved release from a duty for some months; an empty code releases from every duty."""

    customer_id: str
    code: str
    first_month: str
    last_month: str

    def covers(self, code: str, month: str) -> bool:
        """Say whether it releases from a duty in a month."""
        return self.code in ("", code) and self.first_month <= month <= self.last_month
