"""The month's bank: the demonstration bank with twelve field managers, and loans on both sides of the threshold."""

from collections.abc import Iterable, Iterator
from random import Random

from msgspec.structs import replace

from backend.demo.asking import THRESHOLD_FEN
from backend.demo.bank import BORN_MS, Bank, make_bank
from backend.demo.people import Person, Portfolio, draw_name
from backend.domain.customers.policy import portfolios_of_holding
from backend.identity import Role
from contracts.base import Body
from sync.puts import Put
from sync.tablet.ids import uuid7

CUSTOMERS = 240
CUSTOMERS_MIN = 96  # so that everybody has enough to do for what is told
# What the customers of a portfolio owe, in turn: more than the threshold, less, just as much, or nothing.
LOANS = ("more", "more", "less", "more", "equal", "more", "less", "none", "more", "less", "less", "none")
LOAN_CODES = ("L201", "L202", "L203")
# Of these portfolios every second customer is somebody else's in this month.
HALVED = {"P350801-1": "P350801-2", "P350802-1": "P350802-2"}
# Who comes to the eight field managers: the second portfolios of two of them, and the new ones.
NEW_MANAGERS = {
    "F350101-3": "P350101-3", "F350601-3": "P350601-3", "F350801-2": "P350801-2", "F350802-2": "P350802-2",
}  # fmt: skip


def make_month_bank(seed: int, as_of: str, customers: int = CUSTOMERS) -> Bank:
    """Return the bank of a seed with twelve managers; customers hold loans and nothing else that a visit duty asks."""
    bank = make_bank(seed, as_of, max(customers, CUSTOMERS_MIN))
    random = Random(f"month {seed}")  # noqa: S311  # a demonstration wants a seed that repeats
    people = list(_rehouse(bank.customers))
    products = {body["code"]: put.id for put in bank.catalog if put.kind == "product" and (body := put.body)}
    loans = [_put(random, body) for body in _lend(random, people, [products[code] for code in LOAN_CODES], as_of)]
    return replace(
        bank, staff=[*bank.staff, *_hire(random)], portfolios=_hand_out(bank.portfolios), customers=people,
        holdings=loans, relations=[], reminders=[],
    )  # fmt: skip


def list_managers(bank: Bank) -> dict[str, str]:
    """Return staff number → portfolio of the twelve, in order."""
    return dict(sorted((held.staff_no, held.portfolio_id) for held in bank.portfolios))


def list_owing(bank: Bank) -> frozenset[str]:
    """Return the customers who owe more than the threshold when the month begins; each has one loan."""
    loans = [put.body or {} for put in bank.holdings]
    return frozenset(loan["customer_id"] for loan in loans if loan["balance_fen"] > THRESHOLD_FEN)


def _hire(random: Random) -> Iterator[Person]:
    for staff_no in NEW_MANAGERS:
        name = draw_name(random, random.choice("FM"))
        yield Person(staff_no=staff_no, name=name, org_id=_org_of(staff_no), role=Role.FIELD_MANAGER.value)


def _hand_out(portfolios: Iterable[Portfolio]) -> list[Portfolio]:
    taken = set(NEW_MANAGERS.values())
    new = [
        Portfolio(portfolio_id=portfolio_id, org_id=_org_of(staff_no), staff_no=staff_no)
        for staff_no, portfolio_id in NEW_MANAGERS.items()
    ]
    return [*(held for held in portfolios if held.portfolio_id not in taken), *new]


def _org_of(staff_no: str) -> str:
    return staff_no[1:].partition("-")[0]


def _rehouse(customers: Iterable[Put]) -> Iterator[Put]:
    seen: dict[str, int] = {}
    for put in customers:
        body = put.body or {}
        home = body["host_portfolio"]
        seen[home] = seen.get(home, 0) + 1
        host = HALVED.get(home, home) if seen[home] % 2 == 0 else home
        yield Put(kind=put.kind, id=put.id, body=body | {"host_portfolio": host})


def _lend(random: Random, customers: Iterable[Put], products: list[str], as_of: str) -> Iterator[Body]:
    seen: dict[str, int] = {}
    for put in customers:
        customer = put.body or {}
        home = customer["host_portfolio"]
        owes = LOANS[seen.get(home, 0) % len(LOANS)]
        seen[home] = seen.get(home, 0) + 1
        if owes == "none":
            continue
        org_id = customer["host_org"]
        yield {
            "customer_id": put.id, "product_id": random.choice(products), "org_id": org_id,
            "account_tail": f"{random.randint(0, 9999):04d}", "balance_fen": _draw_balance_fen(random, owes),
            "opened_on": f"2025-{random.randint(1, 12):02d}-15",
            "portfolios": portfolios_of_holding(customer, org_id), "crm_revision": 1, "as_of": as_of,
        }  # fmt: skip


def _draw_balance_fen(random: Random, owes: str) -> int:
    if owes == "equal":
        return THRESHOLD_FEN
    least, most = (60_000, 480_000) if owes == "more" else (5_000, 45_000)
    return random.randrange(least, most, 500) * 100


def _put(random: Random, body: Body) -> Put:
    return Put(kind="holding", id=uuid7(BORN_MS, random), body=body)
