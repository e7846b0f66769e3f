"""The demonstration bank as a whole: one seed, one bank, to the last id."""

from random import Random

from msgspec import Struct

from backend.demo.customers import Product, draw_customer, draw_holdings
from backend.demo.lives import IDENTIFIED, draw_certificate, draw_life, draw_relations, draw_reminders, marry, move_in
from backend.demo.offers import OFFERING, PRODUCTS
from backend.demo.people import Person, Portfolio, draw_staff, list_portfolios
from backend.demo.places import BRANCHES, list_orgs
from backend.demo.scripts import list_code_lists, list_scripts
from backend.demo.templates import list_templates
from backend.domain.orgs.queries import OrgRow
from backend.domain.tickets.rules.line import SERIES_NAMES
from backend.line.series import series_list
from contracts.base import Body
from sync.puts import Put
from sync.tablet.ids import uuid7

CUSTOMERS = 2_000
BORN_MS = 1_767_225_600_000  # 2026-01-01: the moment in all ids, so that they too are the same every time


class Bank(Struct, frozen=True, kw_only=True):
    """Everything that a server is filled with."""

    orgs: list[OrgRow]
    staff: list[Person]
    portfolios: list[Portfolio]
    catalog: list[Put]
    customers: list[Put]
    holdings: list[Put]
    relations: list[Put]
    reminders: list[Put]
    certificates: dict[str, str]  # customer → identity number: told to the server once, which keeps only hashes

    @property
    def records(self) -> list[Put]:
        """Every record, in the order of writing."""
        return [*self.catalog, *self.customers, *self.holdings, *self.relations, *self.reminders]


def make_bank(seed: int, as_of: str, customers: int = CUSTOMERS) -> Bank:
    """Return the bank of a seed; `as_of` is the age that all customers' data has."""
    random = Random(seed)  # noqa: S311  # a demonstration wants a seed that repeats
    ids = Random(f"ids {seed}")  # noqa: S311  # the same
    staff, portfolios = draw_staff(random), list_portfolios()
    offers = [_put(ids, "product", body) for body in _products()]
    templates = [_put(ids, "form_template", body) for body in list_templates()]
    people = [_put(ids, "customer", body) for body in _customers(random, portfolios, customers, as_of)]
    catalog = [*(_put(ids, "org", _org(row)) for row in list_orgs()), *offers, *templates]
    holdings = [_put(ids, "holding", body) for body in _holdings(random, people, offers, as_of)]
    random = Random(f"lives {seed}")  # noqa: S311  # the same
    people = [_put_life(random, at, put, as_of) for at, put in enumerate(people)]
    couples = marry(random, people)
    people = move_in(people, couples)
    families = {put.id: (put.body or {})["family"] for put in offers}
    return Bank(
        orgs=list_orgs(),
        staff=staff,
        portfolios=portfolios,
        catalog=[*catalog, *_words(seed, offers), _put(ids, "code_list", IDENTIFIED), *_series()],
        customers=people,
        holdings=holdings,
        relations=[_put(ids, "relation", body) for body in draw_relations(random, people, couples, as_of)],
        reminders=[_put(ids, "reminder", body) for body in draw_reminders(random, people, holdings, families, as_of)],
        certificates={put.id: draw_certificate(at, put.body or {}) for at, put in enumerate(people)},
    )


def _put_life(random: Random, at: int, put: Put, as_of: str) -> Put:
    return Put(kind=put.kind, id=put.id, body=draw_life(random, at, put.body or {}, as_of))


def _put(ids: Random, kind: str, body: Body) -> Put:
    return Put(kind=kind, id=uuid7(BORN_MS, ids), body=body)


def _org(row: OrgRow) -> Body:
    return {name: value for name in row.__struct_fields__ if (value := getattr(row, name)) is not None}


def _products() -> list[Body]:
    names = ("code", "name", "family", "risk", "pitch")
    told = [dict(zip(names, product, strict=True)) | {"on_sale_from": "2026-01-01"} for product in PRODUCTS]
    return [body | OFFERING[str(body["code"])] for body in told]


def _words(seed: int, offers: list[Put]) -> list[Put]:
    """Return scripts and code lists, under ids that leave all others as they are."""
    ids = Random(f"words {seed}")  # noqa: S311  # a demonstration wants a seed that repeats
    product_ids = {put.body["code"]: put.id for put in offers if put.body is not None}
    scripts = [_put(ids, "script", body) for body in list_scripts(product_ids)]
    return [*scripts, *(_put(ids, "code_list", body) for body in list_code_lists())]


def _series() -> list[Put]:
    """Return the series of the whole bank, and those of a small branch that serves fewer."""
    few = {code: name for code, name in SERIES_NAMES.items() if code in ("A", "P")}
    return [series_list(), series_list(few, BRANCHES[-1].org_id)]


def _customers(random: Random, portfolios: list[Portfolio], count: int, as_of: str) -> list[Body]:
    branches = {branch.org_id: branch for branch in BRANCHES}
    drawn = []
    for at in range(count):
        home = portfolios[at % len(portfolios)]
        others = [portfolio for portfolio in portfolios if portfolio.org_id != home.org_id]
        drawn.append(draw_customer(random, at, branches[home.org_id], home, others, as_of))
    return drawn


def _holdings(random: Random, customers: list[Put], offers: list[Put], as_of: str) -> list[Body]:
    products = [Product(put.id, put.body["family"]) for put in offers if put.body is not None]
    return [
        holding
        for put in customers
        if put.body is not None
        for holding in draw_holdings(random, put.id, put.body, products, as_of)
    ]
