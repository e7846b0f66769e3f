"""How fast a branch's lines move: means of the last weeks and of today, shrunk towards what is known of a series."""

from collections.abc import Iterable

from msgspec import Struct

from backend.domain.tickets.rules.waiting import shrunk_mean_s
from contracts.kinds.pace import Pace, SeriesPace

WEEKS = 4  # of the same weekday
MEAN_NEWS = 0.03  # a mean that moved less is no news for any tablet
ARRIVALS_NEWS_H = 2.0
SERIES_MAX = 20  # of one branch, as the contract bounds them


class KnownHour(Struct, frozen=True, kw_only=True):
    """What is known of one series in one hour of the day: today, or summed over the same weekday of the last weeks."""

    series: str
    hour: int
    is_today: bool
    issued: int = 0
    services: int = 0
    services_s: float = 0


def paces_of(known: Iterable[KnownHour], hour: int, elapsed_share: float, prior_s: float) -> list[SeriesPace]:
    """Return the pace of each series at an hour of which `elapsed_share` is over.

    The band is this hour on the same weekday of the last four weeks, with today's services of this hour and the one
    before. Its mean leans on the series' mean over all those days, and that one on `prior_s`.
    """
    by_series: dict[str, list[KnownHour]] = {}
    for one in known:
        by_series.setdefault(one.series, []).append(one)
    names = sorted(by_series)[:SERIES_MAX]
    return [_pace(name, by_series[name], hour, elapsed_share, prior_s) for name in names]


def _pace(series: str, known: list[KnownHour], hour: int, elapsed_share: float, prior_s: float) -> SeriesPace:
    band = [one for one in known if one.hour == hour or (one.is_today and one.hour == hour - 1)]
    usual_s = _mean_s(known, prior_s)
    now = sum(one.issued for one in band if one.is_today and one.hour == hour)
    before = sum(one.issued for one in band if one.is_today and one.hour == hour - 1)
    return SeriesPace(
        series=series,
        service_mean_s=round(_mean_s(band, usual_s), 1),
        sample=sum(one.services for one in band),
        arrivals_h=round(now + before * (1 - elapsed_share), 1),
    )


def _mean_s(known: Iterable[KnownHour], prior_s: float) -> float:
    hours = list(known)
    return shrunk_mean_s(prior_s, sum(one.services_s for one in hours), sum(one.services for one in hours))


def is_news(old: Pace | None, new: Pace) -> bool:
    """Say whether tablets should hear of a pace; a tablet that hears of every trifle pulls all day."""
    if old is None or (old.business_date, old.returned_behind) != (new.business_date, new.returned_behind):
        return True
    before = {one.series: one for one in old.series}
    return before.keys() != {one.series for one in new.series} or any(
        abs(one.service_mean_s / before[one.series].service_mean_s - 1) >= MEAN_NEWS
        or abs(one.arrivals_h - before[one.series].arrivals_h) >= ARRIVALS_NEWS_H
        for one in new.series
    )
