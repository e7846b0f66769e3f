"""Whose a customer was on which day: portfolios through time, and who held each (001-12)."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from msgspec import Struct

from backend.domain.compliance.rules.calendar import DAY
from backend.domain.compliance.rules.facts import Stint


class Held(Struct, frozen=True, kw_only=True):
    """Somebody's hold of a portfolio: from a day on, until before another; the last day's evening decides."""

    staff_no: str
    since: date
    until: date | None = None

    def covers(self, day: date) -> bool:
        """Say whether the portfolio was theirs at the end of a day."""
        return self.since <= day and (self.until is None or day < self.until)


Holders = Mapping[str, Sequence[Held]]


def owner_stints(
    portfolios: Sequence[tuple[date, str | None]], holders: Holders, first: date, last: date
) -> list[Stint]:
    """Return whose the customer was from `first` to `last`: of several holders, who has held the portfolio longest.

    `portfolios` are (day, the customer's portfolio from then on), oldest first; before the first known one it was
    that.
    """
    return [
        _stint(_senior(holders.get(portfolio, ()), day), portfolio, day, until)
        for portfolio, day, until in _stretches(portfolios, holders, first, last)
        if _senior(holders.get(portfolio, ()), day) is not None
    ]


def further_stints(
    portfolios: Sequence[tuple[date, str | None]], holders: Holders, first: date, last: date
) -> list[Stint]:  # fmt: skip
    """Return everybody who held the customer's portfolio at some time, one stint for each stretch and person."""
    return [
        _stint(held, portfolio, day, until)
        for portfolio, day, until in _stretches(portfolios, holders, first, last)
        for held in holders.get(portfolio, ())
        if held.covers(day)
    ]


def _stretches(
    portfolios: Sequence[tuple[date, str | None]], holders: Holders, first: date, last: date
) -> Iterable[tuple[str, date, date]]:  # fmt: skip
    """Yield (portfolio, first day, last day) of stretches in which neither portfolio nor holders change."""
    if not portfolios:
        return
    turns = {first}
    for n, (since, portfolio) in enumerate(portfolios):
        if n and first < since <= last:
            turns.add(since)
        for held in holders.get(portfolio or "", ()):
            turns.update(day for day in (held.since, held.until) if day is not None and first < day <= last)
    days = sorted(turns)
    for day, until in zip(days, [after - DAY for after in days[1:]] + [last], strict=True):
        portfolio = _portfolio_on(portfolios, day)
        if portfolio:
            yield portfolio, day, until


def _portfolio_on(portfolios: Sequence[tuple[date, str | None]], day: date) -> str | None:
    known = portfolios[0][1]
    for since, portfolio in portfolios:
        if since > day:
            break
        known = portfolio
    return known


def _senior(holders: Sequence[Held], day: date) -> Held | None:
    those = [held for held in holders if held.covers(day)]
    return min(those, key=lambda held: (held.since, held.staff_no)) if those else None


def _stint(held: Held | None, portfolio: str, first: date, last: date) -> Stint:
    assert held is not None
    return Stint(staff_no=held.staff_no, portfolio_id=portfolio, first=first, last=last)
