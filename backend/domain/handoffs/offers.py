"""What a branch may offer a customer who waits there: the facts of several slices, put before the rules."""

from collections.abc import Collection, Sequence

from msgspec import Struct

from backend.domain.handoffs.contacts import has_refused
from backend.domain.marketing.queries import list_products, touches_of
from backend.domain.marketing.rules.cap import MONTH_D, business_date_of, days_before
from backend.domain.marketing.rules.facts import Held, OfferFacts, Offers, OfferSettings
from backend.domain.marketing.rules.offers import recommend
from backend.domain.orgs.queries import orgs_above
from backend.storage.snapshot import SqlSnapshot
from contracts.kinds import Customer

LISTED_MAX = 200  # of either list on one card


class Waiting(Struct, frozen=True, kw_only=True):
    """Who waits where; `held` and `reminders` hold only what the branch's right shows (001-11)."""

    customer_id: str
    customer: Customer
    branch_id: str
    ticket_id: str
    sees_all: bool  # the branch hosts the customer
    held: Sequence[Held] = ()
    reminders: Collection[str] = ()  # sorts of those that are open
    wait_min: int | None = None


def offers_for(look: SqlSnapshot, waiting: Waiting, at: str, settings: OfferSettings) -> Offers:
    """Return what to offer and what not, as a card holds it; works on a snapshot and within a unit of work."""
    offers = recommend(facts_of(look, waiting, at, settings), settings)
    return Offers(suggestions=offers.suggestions[:LISTED_MAX], suppressed=offers.suppressed[:LISTED_MAX])


def facts_of(look: SqlSnapshot, waiting: Waiting, at: str, settings: OfferSettings) -> OfferFacts:
    """Return all that the recommendation asks about a customer at a moment."""
    customer, today = waiting.customer, business_date_of(at)
    since = days_before(today, max(MONTH_D, settings.rest_d) + 1)
    line = orgs_above(look.connection, [waiting.branch_id])[waiting.branch_id]
    seen_by = None if waiting.sees_all else waiting.branch_id
    return OfferFacts(
        today=today, org_line=frozenset({waiting.branch_id, *(row.org_id for row in line)}),
        products=list_products(look.connection), ticket_id=waiting.ticket_id, type=customer.type,
        birth_year=customer.birth_year, customer_class=customer.customer_class, labels=customer.labels,
        risk_level=customer.risk_level, risk_assessed_on=customer.risk_assessed_on,
        is_marketing_refused=has_refused(look, waiting.customer_id, customer), care=customer.care,
        held=waiting.held, reminders=frozenset(waiting.reminders),
        touches=touches_of(look.connection, waiting.customer_id, today, since, seen_by=seen_by),
        wait_min=waiting.wait_min,
    )  # fmt: skip
