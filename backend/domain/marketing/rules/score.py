"""What speaks for a product, each in plain words (domain-rules.md §9)."""

from collections.abc import Iterable, Iterator, Mapping

from msgspec.structs import replace

from backend.domain.marketing.rules.facts import Offered, OfferFacts
from backend.domain.marketing.rules.words import CLASSES, FAMILIES, LISTS, SORTS
from contracts.kinds.card import Suggestion

REASONS_MAX = 20  # of one suggestion
REMINDER, INTEREST, LABEL, BESIDE, CLASS, SHORT_WAIT = 4.0, 3.0, 3.0, 2.0, 1.0, -2.0  # points
SUITS: Mapping[str, frozenset[str]] = {  # class of customer → families
    "deposit": frozenset({"deposit", "wealth"}),
    "loan": frozenset({"loan", "card"}),
    "key": frozenset({"wealth", "insurance"}),
}
LABELS = {entry.code: entry.name for entry in LISTS["potential_label"].entries}
NOTHING_SPECIAL = "无特别匹配，可在客户询问时介绍"

Point = tuple[float, str]


def score_of(offered: Offered, facts: OfferFacts) -> tuple[float, list[str]]:
    """Return a product's score and every reason for it, the weightiest first."""
    points = sorted(_points(offered, facts), key=lambda point: (-point[0], point[1]))
    return sum(worth for worth, _ in points), [text for _, text in points] or [NOTHING_SPECIAL]


def heed_wait(suggestions: Iterable[Suggestion], wait_min: int | None) -> list[Suggestion]:
    """Return a card's suggestions for somebody who still waits so many minutes at least, None if that is not known.

    A talk that takes longer loses points, says so, and is offered later; it is no bar. The card tells no wait, for a
    wait shrinks by the minute: whoever shows the card asks this, with `lo_min` of the line that they show.
    """
    known = [one if wait_min is None or one.needs_min <= wait_min else _shorten(one) for one in suggestions]
    return sorted(known, key=lambda one: -one.score)  # stable: equals stay as they were


def _shorten(one: Suggestion) -> Suggestion:
    said = f"介绍约需{one.needs_min}分钟，等候时间可能不够"
    return replace(one, score=one.score + SHORT_WAIT, reasons=[*one.reasons[: REASONS_MAX - 1], said])


def _points(offered: Offered, facts: OfferFacts) -> Iterator[Point]:
    product = offered.product
    for sort in sorted(facts.reminders.intersection(product.after)):
        yield REMINDER, f"提醒“{SORTS.get(sort, sort)}”之后适合介绍"
    for label in sorted(facts.labels.intersection(product.labels)):
        yield LABEL, f"客户标签“{facts.label_names.get(label) or LABELS.get(label, label)}”"
    if any(touch.is_own and touch.stage == "interested" and touch.product_id == offered.id for touch in facts.touches):
        yield INTEREST, "客户近期表示过兴趣"
    for family in sorted({held.family for held in facts.held}.intersection(product.beside)):
        yield BESIDE, f"已持有{FAMILIES.get(family, family)}，常一并使用"
    if product.family in SUITS.get(facts.customer_class, frozenset()):
        yield CLASS, f"适合{CLASSES[facts.customer_class]}"
