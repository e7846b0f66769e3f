"""What keeps a product back, whatever speaks for it: every filter with a code and a reason (domain-rules.md §9)."""

from collections.abc import Callable, Iterator, Mapping
from datetime import date

from backend.domain.marketing.rules.cap import business_date_of, caps_reached, days_before
from backend.domain.marketing.rules.facts import Offered, OfferFacts, OfferSettings
from backend.domain.marketing.rules.words import OVERDUE
from contracts.kinds.catalog import Product

AGE_MAX = 150
Barred = tuple[str, str]  # code and reason
Filter = Callable[[Offered, OfferFacts, OfferSettings], Iterator[Barred]]

# Every code that a suppression may carry, in the order in which they are told.
CODES: Mapping[str, str] = {
    "opted_out": "the customer refused marketing (PIPL 24)",
    "service_first": "something is overdue, owed or to be referred: service, not sales",
    "contact_cap": "the customer was approached as often as is allowed",
    "household_cap": "the household was",
    "refused": "the customer said no a short while ago",
    "reserved": "it is reserved already",
    "not_marketed": "sold when asked for only",
    "not_on_sale": "outside its validity dates",
    "not_sold_here": "not sold at this institution",
    "held": "held already",
    "age": "too young or too old, or the age is not known",
    "elderly_care": "higher risk and 65 or older: advised in the zone only",
    "not_assessed": "no risk assessment",
    "assessment_expired": "an assessment that is too old",
    "risk_too_high": "riskier than the customer bears",
}


def bars_of(offered: Offered, facts: OfferFacts, settings: OfferSettings) -> list[Barred]:
    """Return every filter that keeps a product back from a customer, in the order of CODES."""
    found = [barred for check in FILTERS for barred in check(offered, facts, settings)]
    order = list(CODES)
    return sorted(found, key=lambda barred: order.index(barred[0]))


def _check_customer(_offered: Offered, facts: OfferFacts, settings: OfferSettings) -> Iterator[Barred]:
    """Tell what lies in the customer and bars everything: consent, care, rest."""
    if facts.is_marketing_refused:
        yield "opted_out", "客户已拒绝营销，请勿推荐"
    if facts.care or facts.reminders & OVERDUE:
        yield "service_first", "客户有须先处理的服务事项，先服务、不营销"
    yield from caps_reached(facts, settings)


def _check_answer(offered: Offered, facts: OfferFacts, settings: OfferSettings) -> Iterator[Barred]:
    """Leave alone what the customer has answered; a no that names no product is about all of them."""
    since = days_before(facts.today, settings.rest_d)
    answers = {
        touch.stage
        for touch in facts.touches
        if touch.is_own and business_date_of(touch.at) >= since
        and (touch.product_id == offered.id or (touch.stage == "refused" and touch.product_id is None))
    }  # fmt: skip
    if "refused" in answers:
        yield "refused", f"客户近{settings.rest_d}天内已婉拒"
    if "reserved" in answers:
        yield "reserved", f"客户近{settings.rest_d}天内已预约，请跟进办理"


def _check_sale(offered: Offered, facts: OfferFacts, _settings: OfferSettings) -> Iterator[Barred]:
    product = offered.product
    if not product.is_marketed:
        yield "not_marketed", "该产品不主动营销"
    if (product.on_sale_from or "") > facts.today:
        yield "not_on_sale", f"{product.on_sale_from}起发售"
    elif product.on_sale_to and product.on_sale_to < facts.today:
        yield "not_on_sale", f"已于{product.on_sale_to}停售"
    if product.sold_at and facts.org_line.isdisjoint(product.sold_at):
        yield "not_sold_here", "本机构不发售"


def _check_held(offered: Offered, facts: OfferFacts, _settings: OfferSettings) -> Iterator[Barred]:
    if not offered.product.is_repeatable and any(held.product_id == offered.id for held in facts.held):
        yield "held", "客户已持有"


def _check_age(offered: Offered, facts: OfferFacts, settings: OfferSettings) -> Iterator[Barred]:
    """Compare ages by years of birth: somebody counts as old enough only when the birthday must have passed."""
    product = offered.product
    is_limited = product.age_min > 0 or product.age_max < AGE_MAX
    if facts.type != "person":
        if is_limited:
            yield "age", "仅限个人客户"
        return
    if facts.birth_year is None:
        if is_limited:
            yield "age", "未见客户年龄"
        return
    age = date.fromisoformat(facts.today).year - facts.birth_year
    if age - 1 < product.age_min or age > product.age_max:
        yield "age", _tell_ages(product)
    if age >= settings.elderly_age and product.risk >= settings.elderly_risk_min:
        yield "elderly_care", f"客户已满{settings.elderly_age}岁，R{product.risk}产品只在专区由专人介绍"


def _check_risk(offered: Offered, facts: OfferFacts, settings: OfferSettings) -> Iterator[Barred]:
    """Hold R1-R5 against the investor's type, by an assessment that still holds (2025 No. 7)."""
    risk = offered.product.risk
    if not risk:
        return
    if not facts.risk_level or not facts.risk_assessed_on:
        yield "not_assessed", "未见有效的风险评估，请先评估"
        return
    if _months_after(facts.risk_assessed_on, settings.assessed_months) < facts.today:
        yield "assessment_expired", f"风险评估已超过{settings.assessed_months}个月，请先重新评估"
    if risk > facts.risk_level:
        yield "risk_too_high", f"产品风险R{risk}高于客户承受能力C{facts.risk_level}"


FILTERS: tuple[Filter, ...] = (_check_customer, _check_answer, _check_sale, _check_held, _check_age, _check_risk)


def _tell_ages(product: Product) -> str:
    upper = f"至{product.age_max}周岁" if product.age_max < AGE_MAX else "以上"
    return f"年龄须为{product.age_min}周岁{upper}"


def _months_after(day: str, months: int) -> str:
    """Return the same day of a later month as text; one that this month does not have still sorts rightly."""
    year, month, rest = int(day[:4]), int(day[5:7]) - 1 + months, day[8:]
    return f"{year + month // 12:04d}-{month % 12 + 1:02d}-{rest}"
