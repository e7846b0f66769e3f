"""What a card says of offers: what suits who waits, what must not be offered, and who spoke to them of late."""

from collections.abc import Callable
from typing import Protocol

import msgspec

from backend.domain.handoffs.contacts import has_refused
from backend.domain.marketing.queries import contacts_since, label_names, list_products, touches_of
from backend.domain.marketing.rules.cap import MONTH_D, business_date_of, days_before
from backend.domain.marketing.rules.facts import Held, OfferFacts, OfferSettings
from backend.domain.marketing.rules.offers import recommend
from backend.domain.orgs.queries import orgs_above
from backend.settings import Settings
from backend.storage.snapshot import SqlSnapshot
from contracts.base import Body
from contracts.kinds import Card, Customer
from contracts.kinds.card import CardContact

LISTED_MAX, CONTACTS_MAX = 200, 20  # of one card
SEES_ALL = "host"


class Waiting(Protocol):
    """Who waits where."""

    @property
    def branch_id(self) -> str: ...
    @property
    def ticket_id(self) -> str: ...
    @property
    def customer_id(self) -> str: ...
    @property
    def customer(self) -> Customer: ...


def add_offers(settings: OfferSettings) -> Callable[[SqlSnapshot, Waiting, Body, str], Body]:
    """Return what completes a card: it gets who waits and the card so far, and returns the fields that it adds."""

    def add(look: SqlSnapshot, waiting: Waiting, card: Body, at: str) -> Body:
        offers = recommend(facts_of(look, waiting, card, at, settings), settings)
        return {
            "suggestions": msgspec.to_builtins(offers.suggestions[:LISTED_MAX]),
            "suppressed": msgspec.to_builtins(offers.suppressed[:LISTED_MAX]),
            "contacts": _contacts(look, waiting, card, at),
        }

    return add


def offer_settings(settings: Settings) -> OfferSettings:
    """Return the part of the settings that recommendations need."""
    return OfferSettings(
        week_max=settings.contacts_week_max,
        month_max=settings.contacts_month_max,
        rest_d=settings.offer_rest_d,
        assessed_months=settings.risk_assessed_months,
        elderly_age=settings.elderly_age,
        elderly_risk_min=settings.elderly_risk_min,
    )


def facts_of(look: SqlSnapshot, waiting: Waiting, card: Body, at: str, settings: OfferSettings) -> OfferFacts:
    """Return all that the recommendation asks about a customer.

    Every reason is told at the branch, so it rests on what the card shows there and no more (001-11): who is nobody's
    customer at the branch has no age, no assessment and no holdings for it. Consent alone is the same everywhere.
    """
    shown, today = msgspec.convert(card, Card), business_date_of(at)
    since = days_before(today, max(MONTH_D, settings.rest_d))
    line = orgs_above(look.connection, [waiting.branch_id])[waiting.branch_id]
    return OfferFacts(
        today=today, org_line=frozenset({waiting.branch_id, *(row.org_id for row in line)}),
        products=list_products(look.connection), ticket_id=waiting.ticket_id, type=shown.type,
        birth_year=shown.birth_year, customer_class=shown.customer_class, labels=frozenset(shown.labels),
        risk_level=shown.risk_level, risk_assessed_on=shown.risk_assessed_on,
        is_marketing_refused=has_refused(look, waiting.customer_id, waiting.customer), care=frozenset(shown.care),
        held=[Held(product_id=held.product_id, family=held.family) for held in shown.holdings],
        reminders=frozenset(one.sort for one in shown.reminders),
        label_names=label_names(look.connection) if shown.labels else {},
        touches=touches_of(look.connection, waiting.customer_id, today, since, seen_by=_seen_by(waiting, card)),
    )  # fmt: skip


def _contacts(look: SqlSnapshot, waiting: Waiting, card: Body, at: str) -> list[Body]:
    since = days_before(business_date_of(at), MONTH_D)
    rows = contacts_since(look.connection, [waiting.customer_id], since, seen_by=_seen_by(waiting, card))
    told = [
        CardContact(at=row.at, channel=row.channel, stage=row.stage, product_id=row.product_id)
        for row in rows[:CONTACTS_MAX]
    ]
    listed: list[Body] = msgspec.to_builtins(told)
    return listed


def _seen_by(waiting: Waiting, card: Body) -> str | None:
    """Return the branch that must not learn what is dealt elsewhere; None for the host, who may."""
    return None if card["right"] == SEES_ALL else waiting.branch_id
