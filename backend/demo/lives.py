"""What the CRM knows of the demonstration bank's customers beside their business: certificates, wishes, families."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from random import Random

from backend.domain.customers.policy import portfolios_of
from backend.identifiers import check_digit
from contracts.base import Body
from sync.puts import Put

NOWHERE = "359901"  # no division of Fujian has this code, so nobody has these numbers
LABELS = {
    "deposit": "deposit_potential", "loan": "loan_potential", "card": "card_potential", "wealth": "wealth_potential",
    "insurance": "insurance_potential", "channel": "channel_potential",
}  # fmt: skip
LABELLED_SHARE, ASSESSED_SHARE, REFUSED_SHARE, OVERDUE_SHARE = 0.4, 0.35, 0.06, 0.03
MARRIED_SHARE, REMINDED_SHARE, GUARANTEED_SHARE = 0.3, 0.2, 0.25
SORTS = {
    "deposit": (("large_inflow", "账户有大额资金流入"), ("large_outflow", "账户有大额资金流出"),
                ("frequent_transfer", "近期频繁转账他行")),
    "loan": (("loan_due", "贷款即将到期"), ("loan_instalment_due", "贷款还款日将到")),
    "card": (("card_payment_due", "贷记卡还款日将到"), ("card_large_spending", "贷记卡有大额消费")),
}  # fmt: skip
OVERDUE = ("loan_overdue", "贷款已逾期，请先提醒还款")
# What a lobby manager reads beside a ticket whose customer was looked for, and so what to do next.
IDENTIFIED: Body = {
    "code": "identified", "title": "客户识别结果",
    "choices": [
        {"code": "matched", "name": "已识别"},
        {"code": "ambiguous", "name": "有多位客户相符：请刷卡或读取身份证"},
        {"code": "unknown", "name": "未找到客户：请核对号码，或按新客户接待"},
        {"code": "limited", "name": "一小时内查询过多，未查询：请稍后再试"},
    ],
}  # fmt: skip
COUPLES = {"F": "M", "M": "F"}
SPOUSE, PARENT, CHILD, GUARANTOR, WARRANTED = "07", "05", "06", "01", "02"  # 003 §4.1


def draw_certificate(at: int, customer: Body) -> str:
    """Return the made-up identity number of customer number `at`: well-formed, of nobody, and of no other customer."""
    month, day = at // 500 % 12 + 1, at // 6000 % 28 + 1
    digits = f"{NOWHERE}{customer['birth_year']}{month:02d}{day:02d}{at % 500 * 2 + (customer['gender'] == 'M'):03d}"
    return digits + check_digit(digits)


def draw_life(random: Random, at: int, customer: Body, as_of: str) -> Body:
    """Return a customer with what the CRM made of them: labels, risk, consent, and why service comes before sales."""
    known: Body = {"certificate_tail": draw_certificate(at, customer)[-4:]}
    if random.random() < LABELLED_SHARE:
        known["labels"] = sorted(random.sample(sorted(LABELS.values()), random.choice((1, 1, 2))))
    if random.random() < ASSESSED_SHARE:
        assessed_on = date.fromisoformat(as_of[:10]) - timedelta(days=random.randint(10, 500))
        known |= {"risk_level": random.choice((1, 2, 2, 3, 3, 4, 5)), "risk_assessed_on": assessed_on.isoformat()}
    if random.random() < REFUSED_SHARE:
        known["is_marketing_refused"] = True
    if random.random() < OVERDUE_SHARE:
        known["care"] = ["overdue"]
    return customer | known


def marry(random: Random, customers: Sequence[Put]) -> list[tuple[Put, Put]]:
    """Return couples who will share a roof: neighbours in the list of one portfolio, of one age."""
    couples, free = [], dict[tuple[str, str], Put]()
    for put in customers:
        body = put.body or {}
        if random.random() >= 2 * MARRIED_SHARE:
            continue
        other = free.pop((body["host_portfolio"], COUPLES[body["gender"]]), None)
        if other is None:
            free[body["host_portfolio"], body["gender"]] = put
        elif abs((other.body or {})["birth_year"] - body["birth_year"]) <= 12:
            couples.append((other, put))
    return couples


def move_in(customers: Sequence[Put], couples: Sequence[tuple[Put, Put]]) -> list[Put]:
    """Return the customers with couples at one address."""
    homes = {second.id: first.body or {} for first, second in couples}
    shared = ("home_address", "mail_address", "places")
    return [
        Put(kind=put.kind, id=put.id, body=(put.body or {}) | {name: homes[put.id][name] for name in shared})
        if put.id in homes
        else put
        for put in customers
    ]


def draw_relations(
    random: Random, customers: Sequence[Put], couples: Sequence[tuple[Put, Put]], as_of: str
) -> Iterator[Body]:  # fmt: skip
    """Yield the relations of couples, of some with a grown child, and of guarantors, each from both sides."""
    children = {(put.body or {})["host_portfolio"]: put for put in customers if (put.body or {})["birth_year"] >= 1990}
    for first, second in couples:
        yield from _both_ways(first, second, SPOUSE, SPOUSE, as_of)
        child = children.get((first.body or {})["host_portfolio"])
        is_old = max((one.body or {})["birth_year"] for one in (first, second)) <= 1968
        if child is not None and is_old and random.random() < GUARANTEED_SHARE:
            yield from _both_ways(first, child, CHILD, PARENT, as_of)
            yield from _both_ways(second, child, CHILD, PARENT, as_of)
        elif random.random() < GUARANTEED_SHARE:
            other = random.choice(customers)
            if other.id not in (first.id, second.id):
                yield from _both_ways(first, other, GUARANTOR, WARRANTED, as_of)


def draw_reminders(
    random: Random, customers: Sequence[Put], holdings: Sequence[Put], families: Mapping[str, str], as_of: str
) -> Iterator[Body]:  # fmt: skip
    """Yield what wants to be acted upon, about some of what customers hold (001-14, 001-16)."""
    owners = {put.id: put.body or {} for put in customers}
    today = date.fromisoformat(as_of[:10])
    for put in holdings:
        held = put.body or {}
        owner, family = owners[held["customer_id"]], families[held["product_id"]]
        sorts = SORTS.get(family)
        if sorts is None or random.random() >= REMINDED_SHARE:
            continue
        sort, text = OVERDUE if family == "loan" and owner.get("care") else random.choice(sorts)
        told: Body = {
            "customer_id": held["customer_id"], "org_id": held["org_id"], "sort": sort, "text": text,
            "due_on": (today + timedelta(days=random.randint(1, 30))).isoformat(), "state": "open",
            "crm_revision": 1, "as_of": as_of,
        }  # fmt: skip
        yield told | {"portfolios": portfolios_of("reminder", owner, told)}


def _both_ways(first: Put, second: Put, role: str, back: str, as_of: str) -> Iterator[Body]:
    """Yield that `second` is the first one's `role`, and `first` the second one's `back`."""
    for one, other, named in ((first, second, role), (second, first, back)):
        body: Body = {
            "customer_id": one.id, "related_id": other.id, "role": named, "since": "2020-01-01", "crm_revision": 1,
            "as_of": as_of,
        }  # fmt: skip
        yield body | {"portfolios": portfolios_of("relation", one.body or {}, body)}
