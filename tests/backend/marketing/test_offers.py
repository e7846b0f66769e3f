"""What is offered suits, what is kept back stays back, and both say why."""

import re
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from backend.domain.marketing.rules.facts import Held, Offered, OfferFacts, OfferSettings, Touch
from backend.domain.marketing.rules.filters import CODES
from backend.domain.marketing.rules.offers import recommend
from backend.domain.marketing.rules.score import heed_wait
from backend.domain.marketing.rules.words import LISTS, OVERDUE, SORTS
from contracts.kinds.catalog import Product
from contracts.kinds.reminder import SORTS as REMINDER_SORTS

RULES = OfferSettings()
TODAY = "2026-11-28"
DEPOSIT, WEALTH, CARD, LOAN = "p-deposit", "p-wealth", "p-card", "p-loan"


def offered(id, family="deposit", **fields):
    return Offered(id=id, product=Product(code=id, name=id, family=family, **fields))


def facts(*products, **known):
    return OfferFacts(**{"today": TODAY, "org_line": frozenset({"3501", "35"}), "products": products} | known)


def touch(day, occasion="o1", stage="approached", **fields):
    return Touch(at=f"{day}T03:00:00.000Z", stage=stage, occasion=occasion, **fields)


def bars(known, rules=RULES):
    offers = recommend(known, rules)
    return {one.product_id: one.barred_by for one in offers.suppressed}


def test_what_speaks_for_a_product_is_told_and_the_best_comes_first():
    known = facts(
        offered(CARD, "card", beside=["deposit"]),
        offered(WEALTH, "wealth", labels=["wealth_potential"], after=["large_inflow"], beside=["deposit"]),
        offered(LOAN, "loan"),
        held=[Held(product_id="x", family="deposit")],
        labels=frozenset({"wealth_potential"}),
        reminders=frozenset({"large_inflow"}),
        customer_class="deposit",
    )
    best, second, last = recommend(known, RULES).suggestions
    assert (best.product_id, best.score) == (WEALTH, 10.0)
    assert best.reasons == [
        "提醒“大额资金流入”之后适合介绍", "客户标签“理财潜力”", "已持有存款，常一并使用", "适合存款客户",
    ]  # fmt: skip
    assert (second.product_id, second.reasons) == (CARD, ["已持有存款，常一并使用"])
    assert (last.product_id, last.score, last.reasons) == (LOAN, 0, ["无特别匹配，可在客户询问时介绍"])


@pytest.mark.parametrize(
    ("code", "product", "known"),
    [
        ("held", {}, {"held": [Held(product_id=DEPOSIT, family="deposit")]}),
        ("not_marketed", {"is_marketed": False}, {}),
        ("not_on_sale", {"on_sale_from": "2026-11-29"}, {}),
        ("not_on_sale", {"on_sale_to": "2026-11-27"}, {}),
        ("not_sold_here", {"sold_at": frozenset({"3502"})}, {}),
        ("age", {"age_min": 18}, {"birth_year": 2008}),
        ("age", {"age_max": 65}, {"birth_year": 1960}),
        ("age", {"age_min": 18}, {}),
        ("age", {"age_min": 18}, {"type": "company"}),
        ("not_assessed", {"risk": 1}, {}),
        ("not_assessed", {"risk": 1}, {"risk_level": 3}),
        ("assessment_expired", {"risk": 2}, {"risk_level": 3, "risk_assessed_on": "2025-11-27"}),
        ("risk_too_high", {"risk": 4}, {"risk_level": 3, "risk_assessed_on": TODAY}),
        ("elderly_care", {"risk": 3}, {"risk_level": 5, "risk_assessed_on": TODAY, "birth_year": 1961}),
        ("service_first", {}, {"care": frozenset({"overdue"})}),
        ("service_first", {}, {"reminders": frozenset({"loan_interest_owed"})}),
        ("opted_out", {}, {"is_marketing_refused": True}),
        ("contact_cap", {}, {"touches": [touch("2026-11-22"), touch("2026-11-28", "o2")]}),
        ("contact_cap", {}, {"touches": [touch("2026-11-10", f"o{n}") for n in range(5)]}),
        ("refused", {}, {"touches": [touch("2026-11-10", stage="refused", product_id=DEPOSIT)]}),
        ("refused", {}, {"touches": [touch("2026-11-10", stage="refused")]}),
        ("reserved", {}, {"touches": [touch("2026-11-10", stage="reserved", product_id=DEPOSIT)]}),
    ],
)
def test_every_filter_keeps_a_product_back_and_says_so(code, product, known):
    offers = recommend(facts(offered(DEPOSIT, **product), **known), RULES)
    assert offers.suggestions == []
    assert [one.barred_by for one in offers.suppressed] == [[code]]
    assert all(re.search("[一-鿿]", reason) for reason in offers.suppressed[0].reasons)


@pytest.mark.parametrize(
    ("product", "known"),
    [
        ({"is_repeatable": True}, {"held": [Held(product_id=DEPOSIT, family="deposit")]}),
        ({"sold_at": frozenset({"35"})}, {}),
        ({"on_sale_from": TODAY, "on_sale_to": TODAY}, {}),
        ({"age_min": 18, "age_max": 65}, {"birth_year": 2007}),
        ({"risk": 3}, {"risk_level": 3, "risk_assessed_on": "2025-11-28", "birth_year": 1962}),
        ({"risk": 2}, {"risk_level": 2, "risk_assessed_on": TODAY, "birth_year": 1940}),
        ({}, {"touches": [touch("2026-11-28"), touch("2026-11-28", stage="recommended")]}),
        ({}, {"touches": [touch("2026-11-28"), touch("2026-11-21", "o2")]}),
        ({}, {"touches": [touch("2026-11-28", f"o{n}", is_marketing=False) for n in range(9)]}),
        ({}, {"touches": [touch("2026-10-29", stage="refused", product_id=DEPOSIT)]}),
        ({}, {"touches": [touch("2026-11-28", stage="refused", product_id=CARD)]}),
        ({}, {"touches": [touch("2026-11-28", stage="refused", product_id=DEPOSIT, is_own=False)]}),
    ],
)
def test_no_filter_keeps_back_what_is_allowed(product, known):
    assert bars(facts(offered(DEPOSIT, **product), **known)) == {}


def test_a_household_counts_as_one_over_all_its_members():
    others = [touch("2026-11-27", f"o{n}", is_own=False) for n in range(2)]
    assert bars(facts(offered(DEPOSIT), touches=others)) == {DEPOSIT: ["household_cap"]}
    own = touch("2026-11-28", "o3")
    assert bars(facts(offered(DEPOSIT), touches=[own, others[0]])) == {DEPOSIT: ["household_cap"]}


def test_the_talk_at_the_own_ticket_is_under_way_and_does_not_end_itself():
    touches = [touch("2026-11-26"), touch("2026-11-28", "o2", ticket_id="t1")]
    assert bars(facts(offered(DEPOSIT), touches=touches, ticket_id="t1")) == {}
    assert bars(facts(offered(DEPOSIT), touches=touches, ticket_id="t2")) == {DEPOSIT: ["contact_cap"]}


def test_a_suppression_tells_every_filter_and_not_the_first_one_only():
    known = facts(
        offered(WEALTH, "wealth", risk=4, is_marketed=False, sold_at=frozenset({"9"})),
        held=[Held(product_id=WEALTH, family="wealth")],
        is_marketing_refused=True,
        care=frozenset({"overdue"}),
    )
    assert bars(known) == {
        WEALTH: ["opted_out", "service_first", "not_marketed", "not_sold_here", "held", "not_assessed"]
    }  # fmt: skip


def test_a_short_wait_is_a_mark_and_no_bar():
    known = facts(offered(DEPOSIT, talk_min=8), offered(WEALTH, "wealth", talk_min=3), customer_class="deposit")
    suggestions = recommend(known, RULES).suggestions
    assert [one.product_id for one in heed_wait(suggestions, 8)] == [DEPOSIT, WEALTH]
    quick, slow = heed_wait(suggestions, 5)
    assert (quick.product_id, slow.product_id, slow.score) == (WEALTH, DEPOSIT, -1.0)
    assert slow.reasons == ["适合存款客户", "介绍约需8分钟，等候时间可能不够"]
    assert heed_wait(suggestions, None) == suggestions


def test_the_lists_have_the_counts_of_the_document_and_the_kinds_group_every_reminder():
    assert {code: len(listing.entries) for code, listing in LISTS.items()} == {
        "potential_label": 6, "reminder_kind": 5, "query_dimension": 10, "marketing_indicator": 7,
    }  # fmt: skip
    kinds = LISTS["reminder_kind"].entries
    assert sorted(sort for kind in kinds for sort in kind.members) == sorted(REMINDER_SORTS) == sorted(SORTS)
    assert {sort for kind in kinds if kind.code == "overdue" for sort in kind.members} == OVERDUE


# Anything at all, and what must hold of it.
families = st.sampled_from(["deposit", "loan", "card", "wealth", "insurance", "channel"])
labels = st.sampled_from([entry.code for entry in LISTS["potential_label"].entries])
sorts = st.sampled_from(REMINDER_SORTS)
days = st.sampled_from(["2026-10-20", "2026-11-01", "2026-11-22", "2026-11-28", "2026-12-05"])
orgs = st.sampled_from(["35", "3501", "3502"])
product_ids = st.sampled_from([f"p{n}" for n in range(6)])
touches = st.builds(
    Touch,
    at=days.map(lambda day: f"{day}T01:00:00.000Z"),
    stage=st.sampled_from(["approached", "recommended", "interested", "reserved", "referred", "refused", "done"]),
    occasion=st.sampled_from("abcdef"),
    product_id=st.none() | product_ids,
    ticket_id=st.none() | st.sampled_from(["t1", "t2"]),
    is_own=st.booleans(),
    is_marketing=st.booleans(),
)
products = st.builds(
    Product,
    code=st.sampled_from("abc"),
    name=st.just("x"),
    family=families,
    risk=st.integers(0, 5),
    on_sale_from=st.none() | days,
    on_sale_to=st.none() | days,
    sold_at=st.frozensets(orgs, max_size=2),
    age_min=st.sampled_from([0, 18]),
    age_max=st.sampled_from([65, 150]),
    is_repeatable=st.booleans(),
    is_marketed=st.booleans(),
    talk_min=st.integers(0, 20),
    labels=st.lists(labels, max_size=3),
    beside=st.lists(families, max_size=3),
    after=st.lists(sorts, max_size=3),
)
catalogs = st.dictionaries(product_ids, products).map(
    lambda found: [Offered(id=id, product=product) for id, product in found.items()]
)
anybody = st.builds(
    OfferFacts,
    today=st.just(TODAY),
    org_line=st.just(frozenset({"3501", "35"})),
    products=catalogs,
    ticket_id=st.none() | st.just("t1"),
    type=st.sampled_from(["person", "company"]),
    birth_year=st.none() | st.integers(1930, 2015),
    customer_class=st.sampled_from(["", "deposit", "loan", "key", "other"]),
    labels=st.frozensets(labels),
    risk_level=st.integers(0, 5),
    risk_assessed_on=st.none() | days | st.just("2025-01-31"),
    is_marketing_refused=st.booleans(),
    care=st.sampled_from([frozenset(), frozenset(), frozenset({"refer"})]),
    held=st.lists(st.builds(Held, product_id=product_ids, family=families), max_size=4),
    reminders=st.frozensets(sorts, max_size=3),
    touches=st.lists(touches, max_size=8),
)


@given(anybody)
def test_every_product_is_in_exactly_one_list_and_says_why(known):
    offers = recommend(known, RULES)
    told = [*offers.suggestions, *offers.suppressed]
    assert sorted(one.product_id for one in told) == sorted(one.id for one in known.products)
    assert all(one.reasons for one in told)
    assert all(not one.barred_by for one in offers.suggestions)
    assert all(one.barred_by and set(one.barred_by) <= CODES.keys() for one in offers.suppressed)
    assert [-one.score for one in offers.suggestions] == sorted(-one.score for one in offers.suggestions)


@given(anybody, st.none() | st.integers(0, 60))
def test_a_wait_loses_no_suggestion_and_keeps_the_best_first(known, wait_min):
    before = recommend(known, RULES).suggestions
    after = heed_wait(before, wait_min)
    assert {one.product_id for one in after} == {one.product_id for one in before}
    assert [-one.score for one in after] == sorted(-one.score for one in after)
    told = [one for one in after if any("等候时间" in reason for reason in one.reasons)]
    assert [one for one in after if wait_min is not None and one.needs_min > wait_min] == told


@given(anybody)
def test_no_score_lifts_a_bar(known):
    """Everything that scores is set on every product; what was kept back still is."""
    everything = [
        Offered(
            id=one.id,
            product=replace(one.product, labels=sorted(known.labels), after=list(REMINDER_SORTS), beside=["deposit"]),
        )
        for one in known.products
    ]
    assert bars(replace(known, products=everything)) == bars(known)


@settings(max_examples=200)
@given(anybody, touches)
def test_a_contact_more_never_adds_a_suggestion(known, another):
    before = {one.product_id for one in recommend(known, RULES).suggestions}
    after = recommend(replace(known, touches=[*known.touches, another]), RULES)
    assert {one.product_id for one in after.suggestions} <= before


@given(anybody)
def test_refused_consent_empties_the_suggestions_everywhere(known):
    offers = recommend(replace(known, is_marketing_refused=True), RULES)
    assert offers.suggestions == []
    assert all("opted_out" in one.barred_by for one in offers.suppressed)


@given(anybody, st.integers())
def test_the_order_in_which_facts_come_does_not_matter(known, seed):
    random = Random(seed)
    mixed = {
        name: random.sample(list(getattr(known, name)), len(getattr(known, name)))
        for name in ("products", "held", "touches")
    }
    assert recommend(replace(known, **mixed), RULES) == recommend(known, RULES)
