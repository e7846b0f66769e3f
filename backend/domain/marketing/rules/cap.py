"""How often a household may be approached: over all channels and all who work here (001-07, 004-05)."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta

from backend.domain.marketing.rules.facts import OfferFacts, OfferSettings, Touch
from backend.identity import business_date
from sync.moments import read_moment

WEEK_D, MONTH_D = 7, 30
# What is done in the end is no approach: the customer came for it.
MARKETING_STAGES = frozenset({"approached", "recommended", "interested", "reserved", "referred", "refused"})


def business_date_of(moment: str) -> str:
    """Return the bank's day of a written moment; empty if it tells none."""
    told: datetime | None = read_moment(moment)
    return business_date(told) if told else ""


def occasion_of(*, customer_id: str | None, author: str, channel: str, ticket_id: str | None, at: str) -> str:
    """Return the name of the talk that a contact is part of.

    It is one person's talk with one customer: in the lobby at one ticket, elsewhere over one channel in one day.
    """
    where = ticket_id or f"{customer_id}~{channel}~{business_date_of(at)}"
    return f"{author}~{where}"


def days_before(today: str, days: int) -> str:
    """Return the first business date of the `days` that end with `today`."""
    return (date.fromisoformat(today) - timedelta(days=days - 1)).isoformat()


def talks_since(touches: Iterable[Touch], day: str, *, but: str | None = None) -> int:
    """Return the number of marketing talks from a business date on; the one at ticket `but` is still under way."""
    return len(
        {
            touch.occasion
            for touch in touches
            if touch.is_marketing and business_date_of(touch.at) >= day and (but is None or touch.ticket_id != but)
        }
    )


def caps_reached(facts: OfferFacts, settings: OfferSettings) -> Iterator[tuple[str, str]]:
    """Return (code, reason) of each cap that allows no further contact: the customer's own, the household's."""
    own = [touch for touch in facts.touches if touch.is_own]
    if text := _reached(own, facts, settings):
        yield "contact_cap", f"本人{text}"
    if len(own) < len(facts.touches) and (text := _reached(facts.touches, facts, settings)):
        yield "household_cap", f"本户{text}"


def _reached(touches: Sequence[Touch], facts: OfferFacts, settings: OfferSettings) -> str:
    for days, most in ((WEEK_D, settings.week_max), (MONTH_D, settings.month_max)):
        count = talks_since(touches, days_before(facts.today, days), but=facts.ticket_id)
        if count >= most:
            return f"近{days}天已接触{count}次，上限{most}次，请勿再营销"
    return ""
