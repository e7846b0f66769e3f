"""The recommendation: hard filters first, then a score; both say why (domain-rules.md §9)."""

from backend.domain.marketing.rules.facts import Offered, OfferFacts, Offers, OfferSettings
from backend.domain.marketing.rules.filters import bars_of
from backend.domain.marketing.rules.score import REASONS_MAX, score_of
from contracts.kinds.card import Suggestion


def recommend(facts: OfferFacts, settings: OfferSettings) -> Offers:
    """Return what to offer a customer, best first, and what not, each product once and each with its reasons.

    The same facts give the same answer in whatever order they come. A product with nothing for it is offered last;
    one that a filter bars is never offered. `needs_min` is a soft mark, which `heed_wait` compares with the wait.
    """
    suggestions, suppressed = [], []
    for offered in sorted(facts.products, key=lambda one: (one.product.code, one.id)):
        if bars := bars_of(offered, facts, settings):
            suppressed.append(_suppress(offered, bars))
        else:
            suggestions.append(_suggest(offered, facts))
    suggestions.sort(key=lambda one: -one.score)  # stable: equals stay by code
    return Offers(suggestions=suggestions, suppressed=suppressed)


def _suggest(offered: Offered, facts: OfferFacts) -> Suggestion:
    score, reasons = score_of(offered, facts)
    return Suggestion(
        product_id=offered.id, score=score, needs_min=offered.product.talk_min, reasons=reasons[:REASONS_MAX]
    )  # fmt: skip


def _suppress(offered: Offered, bars: list[tuple[str, str]]) -> Suggestion:
    return Suggestion(
        product_id=offered.id, needs_min=offered.product.talk_min,
        reasons=[reason for _, reason in bars], barred_by=[code for code, _ in bars],
    )  # fmt: skip
