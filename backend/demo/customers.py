"""The demonstration bank's customers: where they live, what they hold, and who answers for them."""

from math import cos, pi, radians, sin
from random import Random
from typing import NamedTuple

from backend.demo.people import Portfolio, draw_name
from backend.demo.places import STREETS, VILLAGES, town_of
from backend.domain.customers.policy import portfolios_of_holding
from backend.domain.orgs.queries import OrgRow
from contracts.base import Body

M_PER_DEGREE = 111_195
ASSISTED_SHARE = 0.08  # customers whom a second institution assists (001-12)
PHONE_PREFIX = "1990000"  # well-formed; whether anybody ever gets such a number, this file cannot know
LEVELS = ("普通", "普通", "普通", "贵宾")
CLASSES = ("deposit", "deposit", "deposit", "loan", "loan", "key")
SHOPS = ("茶行", "便利店", "五金店", "水果铺", "农资店", "小吃店", "鞋厂", "竹器厂")


class Product(NamedTuple):
    """A product as holdings need it."""

    id: str
    family: str


def draw_customer(
    random: Random, at: int, branch: OrgRow, home: Portfolio, others: list[Portfolio], as_of: str
) -> Body:  # fmt: skip
    """Return customer number `at`, from 0, of a branch and a portfolio."""
    gender = random.choice("FM")
    town, is_villager = town_of(branch), random.random() < 0.6
    street, most = (random.choice(VILLAGES), 120) if is_villager else (random.choice(STREETS), 300)
    address = f"{town}{street}{random.randint(1, most)}号"
    body: Body = {
        "customer_no": f"{35_000_000_000 + at * 7 + random.randint(0, 6)}",
        "name": draw_name(random, gender), "gender": gender, "birth_year": random.randint(1948, 2004),
        "certificate_tail": f"{random.randint(0, 999):03d}{random.choice('0123456789X')}",
        "phone": f"{PHONE_PREFIX}{at % 10_000:04d}", "home_address": address, "mail_address": address,
        "best_time": random.choice(("", "", "上午", "傍晚", "周末")),
        "places": _draw_places(random, branch, is_villager), "customer_class": random.choice(CLASSES),
        "level": random.choice(LEVELS),
        "host_org": branch.org_id, "host_portfolio": home.portfolio_id, "crm_revision": 1, "as_of": as_of,
    }  # fmt: skip
    if random.random() < ASSISTED_SHARE:
        assist = random.choice(others)
        body |= {"assist_org": assist.org_id, "assist_portfolio": assist.portfolio_id}
    return body


def draw_holdings(random: Random, customer_id: str, customer: Body, products: list[Product], as_of: str) -> list[Body]:
    """Return one to three holdings of a customer; an assisted one also holds something at the assisting side."""
    chosen = random.sample(products, random.choice((1, 2, 2, 3)))
    at_orgs = [customer["host_org"]] * len(chosen)
    if assist_org := customer.get("assist_org"):
        at_orgs[-1] = assist_org
    return [
        _draw_holding(random, customer_id, customer, product, org_id, as_of)
        for product, org_id in zip(chosen, at_orgs, strict=True)
    ]


def _draw_holding(
    random: Random, customer_id: str, customer: Body, product: Product, org_id: str, as_of: str
) -> Body:  # fmt: skip
    holding: Body = {
        "customer_id": customer_id, "product_id": product.id, "org_id": org_id,
        "account_tail": f"{random.randint(0, 9999):04d}",
        "opened_on": f"20{random.randint(10, 25)}-{random.randint(1, 12):02d}-15",
        "portfolios": portfolios_of_holding(customer, org_id), "crm_revision": 1, "as_of": as_of,
    }  # fmt: skip
    if product.family not in ("card", "channel", "insurance"):
        holding["balance_fen"] = round(random.lognormvariate(10.5, 1.2)) * 100
    return holding


def _draw_places(random: Random, branch: OrgRow, is_villager: bool) -> list[Body]:
    home = _near(random, branch, 8_000 if is_villager else 2_000)
    places: list[Body] = [{"label": "家", **home, "radius_m": 300 if is_villager else 200}]
    if random.random() < 0.3:
        places.append({"label": random.choice(SHOPS), **_near(random, branch, 3_000), "radius_m": 200})
    return places


def _near(random: Random, branch: OrgRow, within_m: float) -> Body:
    """Return a point at most `within_m` from the branch; flat-earth is good enough for a few kilometres."""
    assert branch.lat is not None
    assert branch.lon is not None
    distance_m, bearing = within_m * random.random() ** 0.5, random.random() * 2 * pi
    lat = branch.lat + distance_m * cos(bearing) / M_PER_DEGREE
    lon = branch.lon + distance_m * sin(bearing) / (M_PER_DEGREE * cos(radians(branch.lat)))
    return {"lat": round(lat, 6), "lon": round(lon, 6)}
